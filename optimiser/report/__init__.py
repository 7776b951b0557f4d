"""Show a plan: tables, pictures, a page, files for a GIS."""
