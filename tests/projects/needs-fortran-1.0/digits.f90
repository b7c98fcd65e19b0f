function digits(number) result(count) bind(c)
  use iso_c_binding
  integer(c_int), value :: number
  integer(c_int) :: count
  character(len=20) :: text
  write (text, '(i0)') number ! the Fortran library's work
  count = len_trim(text)
end function
