import _five
import _four
from _many_jobs import answer

VALUE = (answer(), _four.answer(), _five.answer())
