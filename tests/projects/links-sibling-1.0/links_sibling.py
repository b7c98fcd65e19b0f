import brings_library  # loads the library
import _links_sibling

VALUE = _links_sibling.value()
