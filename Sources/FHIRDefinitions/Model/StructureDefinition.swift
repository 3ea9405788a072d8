package import FHIRModel

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
  /// Where an extension may stand; empty for what is no extension.
  package var contexts: [Context] = []
  /// FHIRPath that holds for the element an extension stands on.
  package var contextInvariants: [String] = []
  /// The snapshot's elements, the root first; empty if the package has no snapshot.
  package var elements: [ElementDefinition]
  /// The differential's elements; empty if the package has none, as of the core.
  package var differential: [ElementDefinition] = []
  /// The package that holds it, `hl7.fhir.r4.core#4.0.1`, and the file in it: for messages.
  package var package: String
  package var file: String

  /// See http://hl7.org/fhir/R4/structuredefinition-definitions.html#StructureDefinition.context
  package struct Context: Hashable, Sendable {
    /// `element`, `extension` or `fhirpath`.
    package var type: String
    package var expression: String
  }
}

/// The facts of an ElementDefinition.
///
/// See http://hl7.org/fhir/R4/elementdefinition.html
package struct ElementDefinition: Hashable, Sendable {
  /// `Patient.extension:race.url`; a differential may leave it out.
  package var id: String?
  package var path: String
  package var sliceName: String?
  /// Whether the slice constrains one that the base defines under that name.
  package var sliceIsConstraining = false
  package var slicing: Slicing?
  package var min: Int
  /// nil is `*`.
  package var max: Int?
  /// The path under which the element was defined first: `Element.id`.
  package var basePath: String?
  package var types: [TypeReference] = []
  /// `#Bundle.link`: the element's content is defined there.
  package var contentReference: String?
  /// The value that an instance must have exactly.
  package var fixed: ElementValue?
  /// The value that an instance must contain.
  package var pattern: ElementValue?
  package var minValue: ElementValue?
  package var maxValue: ElementValue?
  package var maxLength: Int?
  /// Whether an extension may not stand for a primitive's value.
  ///
  /// R5's elements, which R4 says by extensions; see
  /// http://hl7.org/fhir/R5/elementdefinition-definitions.html#ElementDefinition.mustHaveValue
  package var mustHaveValue = false
  /// The extensions of which one must stand where a primitive has no value.
  package var valueAlternatives: [String] = []
  /// In which languages a narrative is to have sections: codes, `_resource` for the resource's own, `_no` for none.
  ///
  /// See http://hl7.org/fhir/extensions/StructureDefinition-narrative-language-control.html
  package var narrativeLanguages: [String] = []
  package var binding: ElementBinding?
  package var constraints: [Constraint] = []
  package var mustSupport = false
  package var isModifier = false
  package var isSummary = false
  /// Whether XML writes it as an attribute.
  package var isAttribute = false
  /// What the definition says itself: a differential leaves out what stays as it was.
  package var states: Stated = []

  package struct Stated: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let min = Stated(rawValue: 1)
    package static let max = Stated(rawValue: 2)
    package static let mustSupport = Stated(rawValue: 4)
    package static let isModifier = Stated(rawValue: 8)
    package static let isSummary = Stated(rawValue: 16)
  }

  /// How an element's repetitions are told apart.
  ///
  /// See http://hl7.org/fhir/R4/profiling.html#slicing
  package struct Slicing: Hashable, Sendable {
    package struct Discriminator: Hashable, Sendable {
      package enum Kind: String, Sendable {
        case value, exists, pattern, type, profile
      }

      package var kind: Kind
      package var path: String
    }

    package enum Rules: String, Sendable {
      case open, closed, openAtEnd
    }

    package var discriminators: [Discriminator]
    package var isOrdered: Bool
    package var rules: Rules
  }

  /// One type an element may have.
  package struct TypeReference: Hashable, Sendable {
    /// A type's name, or `http://hl7.org/fhirpath/System.String` and the like.
    package var code: String
    /// The FHIR type behind a FHIRPath system type, as an extension tells it.
    package var fhirType: String?
    package var profiles: [String] = []
    package var targetProfiles: [String] = []
    /// `contained`, `referenced`, `bundled`: how the resource referred to may be held; empty is any.
    package var aggregation: [String] = []
    /// `either`, `independent`, `specific`.
    package var versioning: String?
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
    /// What it says for people; the core's definitions are kept without.
    package var human: String?
  }
}

/// A value within a definition: a node of the definition's tree, and all below it.
package struct ElementValue: Hashable, Sendable {
  package let tree: ResourceTree
  package let node: Int
  /// The value's type: `CodeableConcept`, `uri`.
  package let type: String

  package init(tree: ResourceTree, node: Int, type: String) {
    self.tree = tree
    self.node = node
    self.type = type
  }

  /// Values are the same where they are the same node, not where they are merely alike.
  package static func == (a: ElementValue, b: ElementValue) -> Bool { a.tree === b.tree && a.node == b.node }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(tree))
    hasher.combine(node)
  }
}
