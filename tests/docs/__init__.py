"""The pages for readers: what they show runs, type-checks and leads somewhere."""
