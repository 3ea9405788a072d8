import CDefinitions
package import FHIRModel
import FHIRPath

/// Answers what becomes what, both ways: for a document, a field, a resource type or an element.
package struct MappingExplanation {
  let mappings: MappingSet
  let table: DefinitionTable

  package init(_ mappings: MappingSet, table: DefinitionTable = .r4) {
    self.mappings = mappings
    self.table = table
  }

  /// A title, and subjects with what is said of each.
  package struct Article: Equatable, Sendable {
    package var title: String
    package var paragraphs: [Paragraph] = []

    package struct Paragraph: Equatable, Sendable {
      package let subject: String
      package let sentences: [String]
    }

    mutating func add(_ subject: String, _ sentences: [String]) {
      if !sentences.isEmpty { paragraphs.append(Paragraph(subject: subject, sentences: sentences)) }
    }
  }

  /// Why a question has no answer, with the names that come near.
  package struct Unknown: Error, Equatable {
    package let message: String
  }

  /// - Parameter subject: `patient`, `patient.primary_phone`, `Patient` or `Patient.telecom`.
  package func articles(on subject: String) throws(Unknown) -> [Article] {
    let names = MappingExplanation.steps(of: subject)
    guard let first = names.first, !names.contains("") else {
      throw Unknown(
        message: "expected a document, a field, or an element: patient, patient.name, Patient.name")
    }
    if let plan = DocumentKind(rawValue: first).flatMap({ mappings.plan($0) }) {
      if names.count == 1 { return [article(plan)] }
      return [try article(names.dropFirst().joined(separator: "."), of: plan)]
    }
    if first == DocumentKind.resource.rawValue, names.count == 1 { return [others] }
    if let type = table.resourceTypeID(first) {
      return try articles(names, of: type, as: try path(subject, from: type))
    }
    // A field by its own name, in every document that has it.
    let plans = names.count == 1 ? DocumentKind.mapped.compactMap { mappings.plan($0) } : []
    let named = plans.filter { plan in
      plan.fields.contains { $0.name == first } || plan.sections.contains { $0.name == first }
    }
    if !named.isEmpty {
      var articles: [Article] = []
      for plan in named { articles.append(try article(first, of: plan)) }
      return articles
    }
    let known = DocumentKind.allCases.map(\.rawValue)
    let fields = DocumentKind.mapped.flatMap { mappings.plan($0)?.fieldNames ?? [] }
    let near = closest(to: first, among: known + fields + table.resourceTypes.map { table.name(of: $0) })
    throw Unknown(
      message:
        "there is no document and no resource type \(first): \(MappingExplanation.suggested(near))"
        + "expected \(known.joined(separator: ", ")), or a type of R4 such as Patient"
    )
  }

  /// The names that a subject leads through; what picks items of a list, as in a mapping's path, leads nowhere else.
  private static func steps(of subject: String) -> [String] {
    var plain = ""
    var depth = 0
    var isQuoted = false
    for letter in subject {
      if letter == "'" { isQuoted.toggle() }
      if !isQuoted, letter == "(" || letter == "[" { depth += 1 }
      if depth == 0 { plain.append(letter) }
      if !isQuoted, letter == ")" || letter == "]" { depth -= 1 }
    }
    return plain.split(separator: ".", omittingEmptySubsequences: false).map(String.init).filter {
      !["where", "first", "ofType"].contains($0)
    }
  }

  private static func suggested(_ near: String?) -> String { near.map { "did you mean \($0)? " } ?? "" }

  /// What a subject chooses as a mapping's path does; nil where it names elements alone.
  private func path(_ subject: String, from type: TypeID) throws(Unknown) -> InvertiblePath? {
    let text = subject.replacing("[x]", with: "")
    guard text.contains("(") || text.contains("[") else { return nil }
    do throws(FHIRPathError) {
      return try InvertiblePath(text, from: type, table: table)
    } catch {
      // What is no path of a mapping may still name elements of R4.
      if error.code == .unknownElement || error.code == .notInvertible { return nil }
      throw Unknown(message: "\(subject): \(error.message)")
    }
  }

  // MARK: Documents

  /// The collection of what no mapping describes.
  private var others: Article {
    var article = Article(title: "\(DocumentKind.resource.rawValue): in the collection resource")
    article.add(
      "made of", ["one resource that no other document has a place for, or whose owner is not known"])
    article.add("fields", ["_id: its type and id, such as Organization/1", "fhir: the whole resource"])
    return article
  }

  private func article(_ plan: DocumentPlan) -> Article {
    var article = Article(title: "\(plan.kind.rawValue): in the collection \(plan.collection)")
    article.add(
      "made of",
      plan.root.map { ["one \($0.name), whose id is the document's"] } ?? [
        "what belongs to one \(plan.ownerType), whose id is the document's"
      ])
    article.add(
      "fields",
      plan.fields.map { field in
        let source = field.sources.first
        let type = source.map { $0.path.elementNames(table: table)[0] } ?? ""
        return "\(field.name): " + (source.map { "\(type): \($0.path.text)" } ?? "derived from appointments")
      })
    article.add(
      "sections",
      plan.sections.map { section in
        "\(section.name): \(section.members.map(\.typeName).joined(separator: ", "))"
      })
    if plan.root != nil { article.add("the rest", ["what no field gives back exactly stays under fhir"]) }
    return article
  }

  private func article(_ name: String, of plan: DocumentPlan) throws(Unknown) -> Article {
    if let field = plan.fields.first(where: { $0.name == name }) {
      var article = Article(title: "\(plan.kind.rawValue).\(name)")
      for (subject, sentences) in FieldExplanation(field: field, plan: plan, table: table).paragraphs {
        article.add(subject, sentences)
      }
      article.add("written in", ["\(field.place.file):\(field.place.line):\(field.place.column)"])
      return article
    }
    if let section = plan.sections.first(where: { $0.name == name }) { return article(section, of: plan) }
    let known = plan.fields.map(\.name) + plan.sections.map(\.name)
    throw Unknown(
      message: "\(plan.kind.rawValue) has no field \(name): \(MappingNode.expected(name, among: known))")
  }

  private func article(_ section: SectionPlan, of plan: DocumentPlan) -> Article {
    var article = Article(title: "\(plan.kind.rawValue).\(section.name)")
    article.add("value", ["a list of whole resources, in the order of their types and ids"])
    article.add("from FHIR", section.members.map { member in sentence(member, of: plan) })
    article.add(
      "to FHIR",
      ["each as it came, with what was changed in the fields that are taken from it, and in itself"])
    return article
  }

  private func sentence(_ member: SectionPlan.Member, of plan: DocumentPlan) -> String {
    let dates = member.dates.map(\.text).joined(separator: ", else ")
    return "every \(member.typeName) whose \(member.owner.text) refers to the \(plan.ownerType)"
      + (dates.isEmpty ? "" : "; its date is \(dates)")
  }

  // MARK: Elements

  /// - Parameter chosen: the subject as a mapping's path, where it chooses among elements.
  private func articles(
    _ names: [String], of type: TypeID, as chosen: InvertiblePath?
  ) throws(Unknown) -> [Article] {
    let path = names.dropFirst().map { String($0.prefix { $0 != "[" && $0 != "(" }) }
    try check(path, of: type)
    let typeName = table.name(of: type)
    var article = Article(title: names.joined(separator: "."))
    if path.isEmpty { article.add("home", [home(ofType: typeName)]) }
    var found: [String] = []
    for kind in DocumentKind.mapped {
      guard let plan = mappings.plan(kind) else { continue }
      for field in plan.fields {
        for (text, role) in uses(of: [typeName] + path, chosen, by: field) {
          found.append("\(kind.rawValue).\(field.name), \(role) \(text)")
        }
      }
    }
    article.add(path.isEmpty ? "fields" : "becomes", found)
    if !path.isEmpty { article.add("decides", decisions(of: path, type: typeName)) }
    article.add(
      "the rest",
      [
        mappings.homes.place(ofType: typeName).kind == .resource
          || mappings.homes.place(ofType: typeName).section != nil
          ? "the whole resource is kept as it is; fields are taken from it"
          : "what no field gives back exactly stays in the document under fhir"
      ])
    return [article]
  }

  /// Paths of a field that lead to an element, or through it, or from it.
  private func uses(
    of names: [String], _ chosen: InvertiblePath?, by field: FieldPlan
  ) -> [(path: String, role: String)] {
    var uses: [(String, String)] = []
    func add(_ path: InvertiblePath?, _ role: String) {
      guard let path, chosen.map({ path.root == $0.root && path.overlaps($0) }) ?? true else { return }
      let own = path.elementNames(table: table)
      let isBelow = zip(own, names).allSatisfy { $0 == $1 || isChoice($0, of: $1) }
      if isBelow { uses.append((path.text == "$this" ? "the whole resource" : path.text, role)) }
    }
    for source in field.sources {
      add(source.path, "by")
      add(source.alternative, "where that has nothing by")
      add(source.targetName, "where that has nothing by the name of the target of")
    }
    add(field.beside, "with its exact word in")
    add(field.also, "repeated in")
    return uses
  }

  /// Whether a name is a choice of another: `valueQuantity` of `value`.
  func isChoice(_ name: String, of base: String) -> Bool {
    name.hasPrefix(base) && (name.dropFirst(base.count).first?.isUppercase ?? false)
  }

  private func home(ofType name: String) -> String {
    let place = mappings.homes.place(ofType: name)
    guard let plan = mappings.plan(place.kind) else {
      return "the collection of other resources: a document of its own, kept whole"
    }
    guard let section = place.section, let member = plan.member(ofType: name)?.member else {
      return "a document \(plan.kind.rawValue) of its own, in the collection \(plan.collection)"
    }
    return
      "\(plan.kind.rawValue).\(section) of the \(plan.ownerType) that its \(member.owner.text) refers to;"
      + " where that is nobody known, the collection of other resources"
  }

  /// Refuses elements that R4 does not have.
  private func check(_ path: [String], of type: TypeID) throws(Unknown) {
    var types: [TypeID] = [type]
    for name in path {
      var next: [TypeID] = []
      for type in types {
        for element in table.elements(of: type) {
          let own = table.string(of: NameID(rawValue: element.name))
          for ref in table.typeRefs(of: element)
          where own == name || table.string(of: NameID(rawValue: ref.json_name)) == name {
            next.append(TypeID(rawValue: ref.type))
          }
        }
      }
      guard !next.isEmpty else {
        let known = types.prefix(1).flatMap { type in
          table.elements(of: type).map { table.string(of: NameID(rawValue: $0.name)) }
        }
        let owner = types.first.map { table.name(of: $0) } ?? ""
        let near = types.first.flatMap { table.closestName(to: name, in: $0) }
        throw Unknown(
          message: "\(owner) has no element \(name)"
            + (known.isEmpty
              ? ""
              : ": \(MappingExplanation.suggested(near))expected one of \(known.joined(separator: ", "))"))
      }
      types = next
    }
  }
}
