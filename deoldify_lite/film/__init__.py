"""Films in and out, by ffmpeg: probed, read, encoded, joined. No network is known here."""
