print("compile-definitions")
