import BSON

/// A transform of a text in the element to the same text in the document: kinds of it differ in the drift that they understand.
protocol TextualTransform: FieldTransform {
  /// The value that is meant by a text in a document.
  func accept(text: String) -> AcceptedValue
}

extension TextualTransform {
  var shape: FieldShape { .string }

  func read(_ element: BSONValue) -> BSONValue? { element.saying }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? { value.text.map { .string($0) } }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    let text = TextTransform.text(stored)
    guard case .value(.string(let said)) = text else { return text }
    return accept(text: said)
  }
}
