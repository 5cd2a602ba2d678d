"""What a message means. Pure; used by both doors."""
