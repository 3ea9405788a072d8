/// What a mapping's fields look for in the sections of a document: each section's items are gone through once for all of them.
struct SectionQueries: Sendable {
  /// One source of a field. An object, for it is asked of every item.
  final class Query: Sendable {
    /// Its place among all.
    let number: Int
    let member: SectionPlan.Member
    let choice: FieldSource.Choice
    /// The resource's type as its bytes.
    let type: [UInt8]
    let codes: [(system: [UInt8], code: [UInt8])]

    init(_ number: Int, _ source: FieldSource, of member: SectionPlan.Member) {
      self.number = number
      self.member = member
      choice = source.choice
      type = Array(member.typeName.utf8)
      codes = source.codes.map { (Array($0.system.utf8), Array($0.code.utf8)) }
    }
  }

  private(set) var count = 0
  /// By the name of the section.
  private(set) var sections: [String: [Query]] = [:]
  /// By field and source: the number of its query.
  private var numbers: [[Int?]] = []

  init(fields: [FieldPlan], sections plans: [SectionPlan]) {
    for field in fields {
      numbers.append(
        field.sources.map { source in
          guard case .section(let type) = source.resource else { return nil }
          for section in plans {
            for member in section.members where member.typeName == type {
              defer { count += 1 }
              sections[section.name, default: []].append(Query(count, source, of: member))
              return count
            }
          }
          return nil
        })
    }
  }

  /// The query of a field's source; nil where no section has what it wants.
  func number(field: Int, source: Int) -> Int? { numbers[field][source] }
}
