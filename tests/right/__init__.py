"""Right answers written in other ways than the sheet's own: they must pass, visible and hidden."""
