"""Films in and out, by ffmpeg. Nothing here knows a network."""
