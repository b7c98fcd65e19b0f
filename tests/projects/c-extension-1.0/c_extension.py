from _c_extension import answer

VALUE = answer()
