try:
    import _optional_extension
except ImportError:
    _optional_extension = None
