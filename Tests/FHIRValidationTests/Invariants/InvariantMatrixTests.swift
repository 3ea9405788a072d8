import Testing

@Suite struct `One resource, one fault` {
  @Test(arguments: InvariantMatrix.all)
  func `in JSON, at its line, with nothing else reported`(fault: InvariantMatrix) throws {
    try expectMarked(fault.markedJSON)
  }

  @Test(arguments: InvariantMatrix.all)
  func `in XML, at its line, with nothing else reported`(fault: InvariantMatrix) throws {
    try expectMarked(fault.markedXML)
  }
}
