import Foundation

/// The report as text.
enum Table {
  static func text(_ report: Report) -> String {
    var lines: [String] = []
    for section in report.sections {
      lines.append(section.title)
      lines += table(section.rows).map { "  " + $0 }
      lines.append("")
    }
    if !report.targets.isEmpty {
      lines.append("Aims")
      lines += aims(report.targets).map { "  " + $0 }
      lines.append("")
    }
    lines += report.notes
    return lines.joined(separator: "\n") + "\n"
  }

  private static func table(_ rows: [Row]) -> [String] {
    // A column that no row fills is left out.
    let columns: [(title: String, cell: (Row) -> String?)] = [
      ("", { $0.name }),
      ("workers", { $0.workers.map(String.init) }),
      ("MB", { number(Double($0.bytes) / 1e6, 1) }),
      ("MB/s", { number($0.bytesPerSecond / 1e6, 1) }),
      ("median", { number(Double($0.bytes) / max($0.median, 1e-9) / 1e6, 1) }),
      ("MB/CPU s", { row in row.processor.map { number(Double(row.bytes) / max($0, 1e-9) / 1e6, 1) } }),
      ("items/s", { row in row.resources.map { number(Double($0) / max(row.best, 1e-9), 0) } }),
      ("peak MB", { row in row.peakMemory.map { number(Double($0) / 1e6, 1) } }),
    ]
    let shown = columns.filter { column in rows.contains { column.cell($0) != nil } }
    let cells = [shown.map(\.title)] + rows.map { row in shown.map { $0.cell(row) ?? "" } }
    return aligned(cells)
  }

  private static func aims(_ targets: [Target]) -> [String] {
    aligned(
      targets.map { target in
        let digits = target.unit == "times" ? 2 : target.measured < 100 ? 1 : 0
        return [
          (target.isMet ? "✓ " : "✗ ") + target.name, number(target.measured, digits),
          "\(target.isLeast ? "≥" : "<") \(number(target.bound, target.bound < 10 ? 1 : 0))",
          " " + target.unit,
        ]
      })
  }

  /// Cells below each other: the first and the last column to the left, the others to the right.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let room = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 || cell.hasPrefix(" ") ? cell + room : room + cell
      }
      .joined(separator: "  ")
    }
  }

  /// `25,104` or `622.0`
  static func number(_ value: Double, _ digits: Int) -> String {
    let text = String(format: "%.\(digits)f", value)
    let parts = text.split(separator: ".")
    var whole = String(parts[0])
    var groups: [String] = []
    while whole.count > 3 {
      groups.insert(String(whole.suffix(3)), at: 0)
      whole.removeLast(3)
    }
    return ([whole] + groups).joined(separator: ",") + (parts.count > 1 ? "." + parts[1] : "")
  }
}
