try:
    from _optional_header import count
except ImportError:
    count = None
