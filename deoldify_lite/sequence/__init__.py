"""Numbered picture files, one a frame, as film scanners deliver them: named, checked, read and written."""
