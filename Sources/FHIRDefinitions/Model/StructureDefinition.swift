/// The facts of a StructureDefinition that a table or a profile is compiled from.
///
/// See http://hl7.org/fhir/R4/structuredefinition.html
package struct StructureDefinition: Hashable, Sendable {
  /// See http://hl7.org/fhir/R4/valueset-structure-definition-kind.html
  package enum Kind: String, Sendable {
    case primitive = "primitive-type"
    case complex = "complex-type"
    case resource
    case logical
  }

  package var url: String
  package var version: String
  package var name: String
  package var kind: Kind
  /// The type that is defined or constrained.
  package var type: String
  package var isAbstract: Bool
  /// Whether this is a profile: it constrains a type and adds none.
  package var isConstraint: Bool
  /// The canonical URL of what this is derived from; nil for Element and Resource.
  package var base: String?
  /// The snapshot's elements, the root first; empty if the package has no snapshot.
  package var elements: [ElementDefinition]
  /// The package that holds it, `hl7.fhir.r4.core#4.0.1`, and the file in it: for messages.
  package var package: String
  package var file: String
}

/// The facts of an ElementDefinition.
///
/// See http://hl7.org/fhir/R4/elementdefinition.html
package struct ElementDefinition: Hashable, Sendable {
  package var path: String
  package var sliceName: String?
  package var min: Int
  /// nil is `*`.
  package var max: Int?
  /// The path under which the element was defined first: `Element.id`.
  package var basePath: String?
  package var types: [TypeReference] = []
  /// `#Bundle.link`: the element's content is defined there.
  package var contentReference: String?
  package var binding: ElementBinding?
  package var constraints: [Constraint] = []
  package var isModifier = false
  package var isSummary = false
  /// Whether XML writes it as an attribute.
  package var isAttribute = false

  /// One type an element may have.
  package struct TypeReference: Hashable, Sendable {
    /// A type's name, or `http://hl7.org/fhirpath/System.String` and the like.
    package var code: String
    /// The FHIR type behind a FHIRPath system type, as an extension tells it.
    package var fhirType: String?
    package var profiles: [String] = []
    package var targetProfiles: [String] = []
  }

  package struct ElementBinding: Hashable, Sendable {
    /// See http://hl7.org/fhir/R4/valueset-binding-strength.html
    package enum Strength: String, Sendable {
      case example, preferred, extensible, required
    }

    package var strength: Strength
    /// Canonical, perhaps with a version: `url|4.0.1`.
    package var valueSet: String
    /// The value set that binds in any case, where the binding itself leaves a choice.
    ///
    /// See http://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html
    package var maxValueSet: String?
  }

  /// An invariant.
  package struct Constraint: Hashable, Sendable {
    package var key: String
    package var isWarning: Bool
    package var isBestPractice: Bool
    package var expression: String
    package var source: String?
  }
}
