import BSON
package import FHIRModel
package import FHIRPath

/// A list within a document whose items are whole resources.
package struct SectionPlan: Sendable {
  package let name: String
  package let members: [Member]

  /// One resource type of a section.
  package struct Member: Sendable {
    package let typeName: String
    package let type: TypeID
    /// The reference that says whose document the resource belongs to.
    package let owner: InvertiblePath
    /// Where the resource says when it was: the first that has a date gives the item's place in time.
    package let dates: [InvertiblePath]
    /// Where the mapping file names the type.
    let place: MappingPlace

    /// Whether a resource says whose it is: by a reference, or an identifier.
    func namesOwner(_ resource: BSONView) throws -> Bool {
      guard owner.segments.count == 1, let element = owner.segments.first?.child.name else { return true }
      guard let reference = try resource.find(string: element), reference.type != .null else { return false }
      guard let fields = reference.document else { return true }
      return try fields.find("reference") != nil || fields.find("identifier") != nil
    }
  }

  /// Whom an item names as the one whose it is, `Patient/1`; nil where it names nobody, or not by type and id.
  func ownerNamed(by item: BSONView) throws -> String? {
    guard let type = try item.find("resourceType")?.string,
      let member = members.first(where: { $0.typeName.utf8.elementsEqual(type) }),
      member.owner.segments.count == 1, let name = member.owner.segments.first?.child.name,
      let element = try item.find(string: name)
    else { return nil }
    var reference = element.document
    if let list = element.array {
      var items = list.makeIterator()
      reference = try items.next()?.document
    }
    guard let text = try reference?.find("reference")?.text, !text.contains(":"), !text.contains("?") else {
      return nil
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 2, !text.hasPrefix("#"), !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    return parts[0] + "/" + parts[1]
  }

  init(name: String, _ node: MappingNode, table: DefinitionTable) throws(MappingError) {
    self.name = name
    var members: [Member] = []
    for item in node.items {
      let values = try item.values(allowed: ["type", "owner", "date"], required: ["type", "owner"])
      guard let typeNode = values["type"], let ownerNode = values["owner"] else { continue }
      let (typeName, type) = try typeNode.resourceType(table)
      let owner = try ownerNode.path(from: typeName)
      guard let target = owner.target, table.name(of: target.type) == "Reference" else {
        throw ownerNode.error(.type, "expected a path to a Reference")
      }
      var dates: [InvertiblePath] = []
      for date in values["date"]?.items ?? [] {
        let path = try date.path(from: typeName)
        guard let target = path.target, ["date", "dateTime", "instant"].contains(table.name(of: target.type))
        else {
          throw date.error(.type, "expected a path to a date, dateTime or instant")
        }
        dates.append(path)
      }
      members.append(
        Member(typeName: typeName, type: type, owner: owner, dates: dates, place: typeNode.place))
    }
    guard !members.isEmpty else {
      throw node.error(.missingKey, "a section holds resources of one type at least: expected the key type")
    }
    self.members = members
  }
}

extension DefinitionTable {
  func resourceTypeID(_ name: String) -> TypeID? {
    var name = name
    return name.withUTF8 { resourceTypeID($0) }
  }
}
