import FHIRFormats
import FHIRModel
import Testing

@testable import FHIRPath

/// A resource to evaluate expressions against, and what comes of them as text.
struct Subject {
  let tree: ResourceTree
  let evaluator: Evaluator
  private let environment: (any EvaluationEnvironment)?

  init(_ json: String, environment: (any EvaluationEnvironment)? = nil) throws {
    let reader = try ResourceReader(source: MemorySource(Array(json.utf8)), name: "test.json")
    tree = try #require(try reader.next()).tree
    self.environment = environment
    evaluator = Evaluator(environment: environment)
  }

  func items(_ text: String, options: CompiledExpression.Options = []) throws -> [Item] {
    let context = Evaluator.Context(tree)
    return try evaluator.evaluate(
      try CompiledExpression(text, context: context.type, options: options), in: context)
  }

  /// The items as texts; elements that are no primitives by their type.
  func values(_ text: String, options: CompiledExpression.Options = []) throws -> [String] {
    try items(text, options: options).map {
      evaluator.displayText(of: $0) ?? "(\(evaluator.typeName(of: $0).name))"
    }
  }

  static let patient = """
    {"resourceType":"Patient","id":"p","active":true,
     "contained":[{"resourceType":"Organization","id":"o","name":"Clinic"}],
     "extension":[{"url":"http://example.org/weight","valueQuantity":{"value":70.50,"unit":"kg",
       "system":"http://unitsofmeasure.org","code":"kg"}},{"url":"http://example.org/note","valueString":"n"}],
     "name":[{"use":"official","family":"Li","given":["Ada","Bo"]},{"use":"usual","given":["A"]}],
     "telecom":[{"system":"phone","value":"1","rank":2},{"system":"email","value":"x@y","rank":1}],
     "gender":"female","birthDate":"1980-02-29",
     "_birthDate":{"extension":[{"url":"http://example.org/time","valueTime":"08:15:00"}]},
     "deceasedBoolean":false,"multipleBirthInteger":2,
     "managingOrganization":{"reference":"#o"},"generalPractitioner":[{"reference":"Practitioner/1"}]}
    """

  /// Evaluates without a resource.
  static func values(_ text: String) throws -> [String] {
    let evaluator = Evaluator()
    return try evaluator.evaluate(try CompiledExpression(text), in: nil).map {
      evaluator.displayText(of: $0) ?? "(\(evaluator.typeName(of: $0).name))"
    }
  }

  static func error(_ text: String, on json: String? = nil) -> FHIRPathError? {
    do {
      if let json { _ = try Subject(json).values(text) } else { _ = try values(text) }
      return nil
    } catch {
      return error as? FHIRPathError
    }
  }
}
