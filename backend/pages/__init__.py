"""The dashboard's built pages, under `/dashboard`."""
