import BSON

/// Collections of an application's making that documents cannot be kept in.
enum UnfitCollection {
  /// Why a collection with these options is none for documents; nil where it is one.
  ///
  /// See https://www.mongodb.com/docs/manual/reference/command/create/ for the options.
  static func fault(_ options: BSONFields) -> String? {
    let fault: String? =
      if options["viewOn"] != nil {
        "there is a view of that name"
      } else if options["timeseries"] != nil {
        "there is a time series of that name, whose documents cannot be changed"
      } else if options["capped"] == .bool(true) {
        "there is a capped collection of that name, which drops its oldest documents without a word"
      } else {
        nil
      }
    return fault.map { $0 + "; pipeline.yml can name another collection" }
  }
}
