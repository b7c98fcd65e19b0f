def main():
    print("pure-setuptools runs")
