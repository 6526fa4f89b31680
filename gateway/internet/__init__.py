"""What an Internet message is: header fields, MIME, the SMTP envelope, DSN and MDN. Pure data, no I/O."""
