package import FHIRModel
import Patterns

/// An expression that was checked against the definitions, ready to be evaluated any number of times, on any thread.
package final class CompiledExpression: @unchecked Sendable {
  // Safe to share: everything is written in `init` only, and the buffers live as long as this.

  package struct Options: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `as()` of more than one item keeps those of the type, as R4's own invariants expect (dom-3). The language
    /// makes it an error.
    package static let asFilters = Options(rawValue: 1 << 0)
    /// An element that its type does not have gives nothing instead of being an error.
    package static let unknownElementsAreEmpty = Options(rawValue: 1 << 1)
    /// What the specification's own invariants are written for: some are stated for types that lack what they name
    /// (cid-0, ras-1).
    package static let invariants: Options = [.asFilters, .unknownElementsAreEmpty]
  }

  package let text: String
  /// The type that the expression starts from; nil for any.
  package let context: TypeID?
  package let options: Options
  let schema: Schema

  let operations: UnsafeMutableBufferPointer<Operation>
  let operands: UnsafeMutableBufferPointer<Int32>
  let steps: UnsafeMutableBufferPointer<PathStep>
  let constants: UnsafeMutableBufferPointer<Item>
  let patterns: UnsafeMutableBufferPointer<Pattern>
  let root: Int

  /// Compiles an expression for elements of a type.
  ///
  /// - Parameters:
  ///   - context: the type of `$this`; with it, names that the type does not have are errors. Nil: of any type.
  ///   - resource: the type of `%resource`, where it is known; the context's by itself where that is a resource.
  package init(
    _ text: String, context: TypeID? = nil, resource: TypeID? = nil, table: DefinitionTable = .r4,
    options: Options = []
  ) throws(FHIRPathError) {
    let expression = try Expression(parsing: text)
    let schema = Schema.of(table)
    var compiler = Compiler(schema: schema, options: options, context: context, resource: resource)
    root = try compiler.compile(expression)
    self.text = text
    self.context = context
    self.options = options
    self.schema = schema
    operations = .copy(compiler.operations)
    operands = .copy(compiler.operands)
    steps = .copy(compiler.steps)
    constants = .copy(compiler.constants)
    patterns = .copy(compiler.patterns)
  }

  deinit {
    operations.deinitialize().deallocate()
    operands.deinitialize().deallocate()
    steps.deinitialize().deallocate()
    constants.deinitialize().deallocate()
    patterns.deinitialize().deallocate()
  }
}

extension UnsafeMutableBufferPointer {
  fileprivate static func copy(_ elements: [Element]) -> UnsafeMutableBufferPointer {
    let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: Swift.max(1, elements.count))
    _ = buffer.initialize(fromContentsOf: elements)
    return UnsafeMutableBufferPointer(rebasing: buffer[..<elements.count])
  }
}
