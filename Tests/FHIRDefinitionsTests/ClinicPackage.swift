/// A core of five types, small enough to know by heart, and a resource with one of everything.
enum ClinicPackage {
  static let url = "http://hl7.org/fhir/StructureDefinition/"

  static var files: [(String, String)] {
    [
      structure(
        "Element", kind: "complex-type", base: nil, isAbstract: true,
        [
          #"{"path": "Element", "min": 0, "max": "*", "constraint": [\#(ele1)]}"#,
          #"{"path": "Element.id", "min": 0, "max": "1", "base": {"path": "Element.id"}, "#
            + #""representation": ["xmlAttr"], "type": [\#(system("String", "string"))]}"#,
        ]),
      structure(
        "Resource", kind: "resource", base: nil, isAbstract: true,
        [
          #"{"path": "Resource", "min": 0, "max": "*"}"#,
          #"{"path": "Resource.id", "min": 0, "max": "1", "base": {"path": "Resource.id"}, "#
            + #""type": [\#(system("String", "string"))]}"#,
        ]),
      primitive("string"), primitive("id"), primitive("code"),
      structure(
        "Quantity", kind: "complex-type", base: "Element",
        [
          #"{"path": "Quantity", "min": 0, "max": "*", "constraint": [\#(ele1), \#(constraint("qty-1", "true"))]}"#,
          #"{"path": "Quantity.unit", "min": 0, "max": "1", "type": [{"code": "string"}], "constraint": [\#(ele1)]}"#,
        ]),
      structure(
        "SimpleQuantity", kind: "complex-type", base: "Quantity", type: "Quantity",
        [
          #"{"path": "Quantity", "min": 0, "max": "*", "constraint": [\#(ele1), \#(constraint("sqty-1", "true"))]}"#,
          #"{"path": "Quantity.unit", "min": 0, "max": "0", "type": [{"code": "string"}]}"#,
        ]),
      structure(
        "Reference", kind: "complex-type", base: "Element",
        [
          #"{"path": "Reference", "min": 0, "max": "*", "constraint": [\#(ele1)]}"#,
          #"{"path": "Reference.reference", "min": 0, "max": "1", "type": [{"code": "string"}]}"#,
        ]),
      visit,
      (
        "CodeSystem-data-types.json",
        """
        {"resourceType": "CodeSystem", "url": "http://hl7.org/fhir/data-types", "content": "complete",
         "concept": [{"code": "Quantity"}, {"code": "SimpleQuantity"}]}
        """
      ),
      (
        "ValueSet-status.json",
        """
        {"resourceType": "ValueSet", "url": "http://example.org/status", "version": "2", "compose": {"include": [
          {"system": "http://example.org/s", "concept": [{"code": "on"}, {"code": "off"}]}]}}
        """
      ),
    ]
  }

  static var visit: (String, String) {
    structure(
      "Visit", kind: "resource", base: "Resource",
      [
        #"{"path": "Visit", "min": 0, "max": "*", "constraint": [\#(constraint("vis-1", "part.exists()"))]}"#,
        #"{"path": "Visit.id", "min": 0, "max": "1", "base": {"path": "Resource.id"}, "type": "#
          + #"[\#(system("String", "string"))]}"#,
        #"{"path": "Visit.status", "min": 1, "max": "1", "isModifier": true, "isSummary": true, "#
          + #""type": [{"code": "code"}], "binding": {"strength": "required", "valueSet": "#
          + #""http://example.org/status|2"}, "constraint": [\#(ele1), \#(constraint("vis-3", "true"))]}"#,
        #"{"path": "Visit.value[x]", "min": 0, "max": "1", "type": [{"code": "Quantity", "profile": ["#
          + #""\#(url)SimpleQuantity"]}, {"code": "string"}], "binding": {"strength": "preferred", "#
          + #""valueSet": "http://example.org/units", "extension": [{"url": "#
          + #""\#(url)elementdefinition-maxValueSet", "valueCanonical": "http://example.org/status"}]}}"#,
        #"{"path": "Visit.of", "min": 0, "max": "3", "type": [{"code": "Reference", "targetProfile": ["#
          + #""\#(url)Visit", "\#(url)Visit"]}]}"#,
        #"{"path": "Visit.any", "min": 0, "max": "3", "type": [{"code": "Reference", "targetProfile": ["#
          + #""\#(url)Visit", "http://example.org/elsewhere"]}]}"#,
        #"{"path": "Visit.part", "min": 0, "max": "*", "type": [{"code": "Element"}], "constraint": "#
          + #"[\#(ele1), \#(constraint("vis-2", "name.exists()", severity: "warning"))]}"#,
        #"{"path": "Visit.part.name", "min": 0, "max": "1", "type": [{"code": "string"}]}"#,
        ##"{"path": "Visit.part.part", "min": 0, "max": "*", "contentReference": "#Visit.part"}"##,
        #"{"path": "Visit.contained", "min": 0, "max": "*", "type": [{"code": "Resource"}]}"#,
      ])
  }

  static let ele1 = constraint("ele-1", "hasValue() or (children().count() > id.count())")

  static func constraint(_ key: String, _ expression: String, severity: String = "error") -> String {
    #"{"key": "\#(key)", "severity": "\#(severity)", "human": "…", "expression": "\#(expression)"}"#
  }

  static func system(_ name: String, _ type: String) -> String {
    #"{"code": "http://hl7.org/fhirpath/System.\#(name)", "extension": [{"url": "#
      + #""\#(url)structuredefinition-fhir-type", "valueUrl": "\#(type)"}]}"#
  }

  static func primitive(_ name: String) -> (String, String) {
    structure(
      name, kind: "primitive-type", base: "Element",
      [
        #"{"path": "\#(name)", "min": 0, "max": "*", "constraint": [\#(ele1)]}"#,
        #"{"path": "\#(name).value", "min": 0, "max": "1", "type": [\#(system("String", "string"))]}"#,
      ])
  }

  /// A StructureDefinition; one of another type than its name is a profile.
  static func structure(
    _ name: String, kind: String, base: String?, type: String? = nil, isAbstract: Bool = false,
    _ elements: [String]
  ) -> (String, String) {
    let derivation = type == nil ? "specialization" : "constraint"
    let baseLine = base.map { #""baseDefinition": "\#(url)\#($0)", "# } ?? ""
    return (
      "StructureDefinition-\(name).json",
      """
      {"resourceType": "StructureDefinition", "url": "\(url)\(name)", "name": "\(name)", "kind": "\(kind)",
       "abstract": \(isAbstract), "type": "\(type ?? name)", \(baseLine)"derivation": "\(derivation)",
       "snapshot": {"element": [\(elements.joined(separator: ",\n"))]}}
      """
    )
  }

  /// The files, some of them replaced or added.
  static func files(with changes: [(String, String)]) -> [(String, String)] {
    files.filter { file in !changes.contains { $0.0 == file.0 } } + changes
  }
}
