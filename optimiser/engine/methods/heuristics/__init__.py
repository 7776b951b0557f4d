"""Find good plans fast, without proof."""
