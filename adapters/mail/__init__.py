"""Mail on its way out: by SMTP, to the terminal, or not at all."""
