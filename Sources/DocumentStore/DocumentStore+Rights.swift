import BSON
import CMongoC

extension DocumentStore {
  /// What the user of the connection may do, as the server tells it; nil where there is no user, or the server does not tell.
  ///
  /// See https://www.mongodb.com/docs/manual/reference/command/connectionStatus/
  package func rights() throws -> Rights? {
    guard hasUser else { return nil }
    do {
      return try persevering { connection in
        let reply = try connection.command(["connectionStatus": 1, "showPrivileges": true])
        let status = try reply.fields()["authInfo"]?.fields
        guard let users = status?["authenticatedUsers"]?.elements, !users.isEmpty,
          let privileges = status?["authenticatedUserPrivileges"]?.elements, !privileges.isEmpty
        else { return nil }
        return Rights(privileges: privileges.compactMap(\.fields), database: databaseName)
      }
    } catch let error as StoreError where error.serverCode != nil {
      // What only resembles MongoDB may not know the command.
      return nil
    }
  }
}

/// A user's privileges in a database.
package struct Rights: Sendable {
  private struct Privilege {
    /// Empty for all that are no system's own.
    let collection: String
    let actions: Set<String>
  }

  private let database: String
  private let privileges: [Privilege]

  /// See https://www.mongodb.com/docs/manual/reference/resource-document/
  init(privileges: [BSONFields], database: String) {
    self.database = database
    self.privileges = privileges.compactMap { privilege in
      guard let resource = privilege["resource"]?.fields else { return nil }
      let isAny = resource["anyResource"]?.bool ?? false
      if !isAny {
        guard let name = resource["db"]?.text, name.isEmpty || name == database else { return nil }
      }
      guard let collection = isAny ? "" : resource["collection"]?.text else { return nil }
      let actions = privilege["actions"]?.elements?.compactMap(\.text) ?? []
      return Privilege(collection: collection, actions: Set(actions))
    }
  }

  /// What is to be done, and where.
  package typealias Need = (action: String, collections: [String])

  /// What the user may not do of all this, in words; nil where they may do all.
  ///
  /// Every collection is named: whoever keeps the roles has to know which.
  package func fault(doing needs: [Need]) -> StoreError? {
    let all = Set(needs.flatMap(\.collections)).count
    var missing: [(actions: [String], places: [String])] = []
    for (action, collections) in needs {
      let places = collections.filter { !allows(action, on: $0) }
      if places.isEmpty { continue }
      if places == collections, let whole = missing.firstIndex(where: { $0.places.count == all }) {
        // Who may do hardly anything there need not be told where in particular.
        missing[whole].actions.append(action)
      } else if let same = missing.firstIndex(where: { $0.places == places }) {
        missing[same].actions.append(action)
      } else {
        missing.append(([action], places))
      }
    }
    guard !missing.isEmpty else { return nil }
    let words = missing.map { actions, places in
      let place = places.count == all ? database : "\(database).\(places.joined(separator: ", "))"
      return "\(actions.joined(separator: ", ")) on \(place)"
    }
    return StoreError(
      .notAuthorized,
      "the user of the connection may not use \(words.joined(separator: "; nor ")); it needs the role readWrite"
    )
  }

  package func allows(_ action: String, on collection: String) -> Bool {
    privileges.contains { privilege in
      (privilege.collection.isEmpty || privilege.collection == collection)
        && (privilege.actions.contains(action) || privilege.actions.contains("anyAction"))
    }
  }
}
