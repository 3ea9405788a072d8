print("fhirline")
