import pure_flit

VALUE = pure_flit.VERSION
