"""What describes a tensor: its dtype, device, size and layout, and the settings of the library."""
