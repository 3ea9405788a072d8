/// The part of ucum-essence.xml that says what units are worth.
///
/// The file is a flat list of `prefix`, `base-unit` and `unit` elements whose facts stand in attributes: tags are all
/// that is looked at.
struct UnitEssence {
  private let tags: [Tag]

  private struct Tag {
    let name: String
    let attributes: [String: String]
  }

  init(xml: String) {
    var tags: [Tag] = []
    for part in xml.split(separator: "<").dropFirst() {
      guard let end = part.firstIndex(of: ">"), let first = part.first, first.isLetter else { continue }
      let text = part[..<end]
      let name = text.prefix { !$0.isWhitespace && $0 != "/" }
      var attributes: [String: String] = [:]
      let fields = text.dropFirst(name.count).split(separator: "\"", omittingEmptySubsequences: false)
      var index = 0
      while index + 1 < fields.count {
        let key = fields[index].filter { !$0.isWhitespace && $0 != "=" }
        attributes[String(key)] = Self.plain(fields[index + 1])
        index += 2
      }
      tags.append(Tag(name: String(name), attributes: attributes))
    }
    self.tags = tags
  }

  private static func plain(_ text: Substring) -> String {
    var text = String(text)
    for (entity, character) in [
      ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&"),
    ] {
      text = text.split(separator: entity, omittingEmptySubsequences: false).joined(separator: character)
    }
    return text
  }

  /// A line a prefix or unit, its fields separated by tabs; see `unitFacts`.
  var facts: [String] {
    var lines: [String] = []
    var unit: Tag?
    var value: Tag?
    for tag in tags {
      switch tag.name {
      case "prefix", "base-unit", "unit":
        if tag.name == "base-unit" { lines.append(Self.line("base", tag, metric: true)) }
        unit = tag
        value = nil
      case "value":
        guard let unit else { continue }
        value = tag
        let number = tag.attributes["value"]
        if unit.name == "prefix" {
          lines.append(["prefix", unit.attributes["Code"] ?? "", number ?? ""].joined(separator: "\t"))
        } else if unit.attributes["isSpecial"] != "yes" {
          lines.append(Self.line(unit, value: number ?? "1", unit: tag.attributes["Unit"] ?? "1"))
        }
      case "function":
        guard let unit, value != nil, let name = tag.attributes["name"], let scale = Self.scales[name] else {
          continue
        }
        // The tangent's argument is an angle in radians, as the unit's own definition has it.
        let isAngle = scale == "tanTimes100"
        lines.append(
          Self.line(
            scale, unit, metric: unit.attributes["isMetric"] == "yes",
            value: tag.attributes["value"] ?? "1", unit: isAngle ? "rad" : tag.attributes["Unit"] ?? "1"))
      default: break
      }
    }
    return lines
  }

  /// The table's names of functions, and the project's.
  private static let scales = [
    "Cel": "celsius", "degF": "fahrenheit", "degRe": "reaumur", "pH": "pH", "ln": "ln", "lg": "lg",
    "lgTimes2": "lgTimes2", "ld": "ld", "tanTimes100": "tanTimes100", "100tan": "tanTimes100", "sqrt": "sqrt",
    "hpX": "hpX", "hpC": "hpC", "hpM": "hpM", "hpQ": "hpQ",
  ]

  private static func line(_ unit: Tag, value: String, unit other: String) -> String {
    let isMetric = unit.attributes["isMetric"] == "yes"
    // An arbitrary unit is a dimension of its own, unless it is another's synonym: [IU] is [iU].
    if unit.attributes["isArbitrary"] == "yes" && other == "1" {
      return line("arbitrary", unit, metric: isMetric)
    }
    return line("unit", unit, metric: isMetric, value: value, unit: other)
  }

  private static func line(
    _ kind: String, _ tag: Tag, metric: Bool, value: String? = nil, unit: String? = nil
  ) -> String {
    ([kind, tag.attributes["Code"] ?? "", metric ? "metric" : "-"] + [value, unit].compactMap(\.self))
      .joined(separator: "\t")
  }

  static func source(facts: [String]) -> String {
    """
    // Made by compile-units from ucum-essence.xml 2.0.1 (https://ucum.org): run `make tables`, change nothing here.
    //
    // This product includes all or a portion of the UCUM table, UCUM codes, and UCUM definitions or is derived from it,
    // subject to a license from Regenstrief Institute, Inc. and The UCUM Organization. Your use of the UCUM table, UCUM
    // codes, UCUM definitions also is subject to this license, a copy of which is available at
    // https://ucum.org/license. The current complete UCUM table and the UCUM specification are available for download
    // at https://ucum.org. The UCUM table and UCUM codes are copyright (c) 1995-2009, Regenstrief Institute, Inc. and
    // the Unified Codes for Units of Measures (UCUM) Organization. All rights reserved.
    //
    // THE UCUM TABLE (IN ALL FORMATS), UCUM DEFINITIONS, AND SPECIFICATION ARE PROVIDED "AS IS." ANY EXPRESS OR IMPLIED
    // WARRANTIES ARE DISCLAIMED, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS
    // FOR A PARTICULAR PURPOSE.

    /// A line a prefix or unit: its kind or scale, its code, whether it takes prefixes, and so many of which unit it is.
    let unitFacts = #\"\"\"
    \(facts.joined(separator: "\n"))
    \"\"\"#

    """
  }
}
