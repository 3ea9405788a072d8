/// What the invariants of FHIR R4 demand, in plain words of our own.
///
/// One line an invariant: its key, then what must hold. Messages show the text, and `explain` and the documentation use it too.
package enum InvariantTexts {
  /// What an invariant of the core demands, as a clause without a full stop; nil for keys that are not the core's.
  package static func text(of key: String) -> String? {
    if let text = texts[key] { return text }
    // Every type that software refers to by name has the same rule, under a key of its own.
    guard key.hasSuffix("-0"), nameKeys.contains(key.dropLast(2)) else { return nil }
    return nameText
  }

  /// The same for an invariant of one type: some keys were given to several.
  package static func text(of key: String, in type: String) -> String? {
    texts["\(key)@\(type)"] ?? text(of: key)
  }

  /// The keys of all invariants that have a text, in the order of the alphabet.
  package static var keys: [String] {
    (texts.keys.filter { !$0.contains("@") } + nameKeys.map { $0 + "-0" })
      .sorted()
  }

  private static let nameText =
    "name should begin with a capital letter and hold letters, digits and underscores only, "
    + "so that programs can use it as an identifier"

  private static let nameKeys: Set<Substring> = [
    "adf", "cid", "cmd", "cpb", "cpd", "csd", "ees", "esc", "evd", "evi", "evv", "gdf", "ig", "lib", "mea",
    "msd", "nsd", "opd", "pdf", "que", "red", "rsd", "rvs", "sdf", "smp", "spd", "tcp", "tst", "vsd",
  ]

  private static let texts: [String: String] = {
    var texts: [String: String] = [:]
    // By bytes: a short import waits for this.
    for line in lines.utf8.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1).map { String(Substring($0)) }
      precondition(parts.count == 2 && texts[parts[0]] == nil, "a line is a key and its text")
      texts[parts[0]] = parts[1]
    }
    return texts
  }()

  private static let lines =
    #"""
    age-1 an age must have a code for its unit if it has a value, be in UCUM if it names a system, and be more than zero
    ait-1 clinicalStatus must be given, unless verificationStatus is entered-in-error
    ait-2 clinicalStatus may not be given when verificationStatus is entered-in-error
    app-1 a participant must have a type or an actor
    app-2 start and end must both be given, or neither
    app-3 start and end may be missing only while the status is proposed, cancelled or waitlist
    app-4 cancelationReason may be given only when the status is cancelled or noshow
    apr-1 participantType or actor must be given
    att-1 an attachment that holds data must tell its contentType
    bdl-1 total may stand only in a Bundle of type searchset or history
    bdl-2 entry.search may stand only in a Bundle of type searchset
    bdl-3 every entry of a batch, transaction or history must have a request, and no other Bundle's entry may
    bdl-4 every entry of a batch-response, transaction-response or history must have a response, and no other Bundle's entry may
    bdl-5 an entry must have a resource, unless it has a request or a response
    bdl-7 a fullUrl may stand only once in a Bundle, unless its entries differ in meta.versionId (or the Bundle is a history)
    bdl-8 fullUrl must name a resource, not one version of it
    bdl-9 a document must have an identifier with a system and a value
    bdl-10 a document must have a timestamp
    bdl-11 a document's first entry must hold a Composition
    bdl-12 a message's first entry must hold a MessageHeader
    ces-1 an item must have either a category or a productOrService, not both
    cmd-1 a target whose equivalence is narrower or inexact must have a comment
    cmd-2 unmapped codes of mode fixed must have the code that they become
    cmd-3 unmapped codes of mode other-map must have the url of that map
    cmp-1 a section must have a text, entries, or sections of its own
    cmp-2 a section with entries may not give a reason for being empty
    cnt-3 a count must have the code 1 if it has a value, be in UCUM if it names a system, and be a whole number
    con-1 a stage must have a summary or an assessment
    con-2 evidence must have a code or a detail
    con-3 a problem on the problem list should have a clinicalStatus, unless it was entered in error
    con-4 a condition that has abated must have the clinicalStatus inactive, resolved or remission
    con-5 clinicalStatus may not be given when verificationStatus is entered-in-error
    cpb-1 rest, messaging or document must be given
    cpb-2 description, software or implementation must be given
    cpb-3 messaging may name an endpoint only where kind is instance
    cpb-7 no two documents may have the same profile and mode
    cpb-9 a resource type may be described only once
    cpb-12 no two search parameters of a resource may have the same name
    cpb-14 a statement of kind instance must have an implementation
    cpb-15 a statement of kind capability must have software and no implementation
    cpb-16 a statement of kind requirements may have neither software nor implementation
    cpl-3 an activity must have either a detail or a reference, not both
    cpt-2 a contact's value must come with its system (phone, email, …)
    csd-1 no two concepts of a code system may have the same code
    ctm-1 onBehalfOf may be given only for a member that is a Practitioner
    dis-1 a distance must have a code for its unit if it has a value, and be in UCUM if it names a system
    dom-2 a contained resource may not contain another: all stand in the outermost resource
    dom-3 a contained resource must be referred to from the resource around it, or refer to that
    dom-4 a contained resource may have neither meta.versionId nor meta.lastUpdated
    dom-5 a contained resource may have no meta.security
    dom-6 a resource should have a narrative that people can read
    drq-1 a code filter must have either a path or a searchParam, not both
    drq-2 a date filter must have either a path or a searchParam, not both
    drt-1 a duration with a code must have a value, and its system must be UCUM
    eld-1 slicing must have a discriminator or a description
    eld-2 min may not be greater than max
    eld-3 max must be a number or *
    eld-4 aggregation may be given only for the types Reference and canonical
    eld-5 an element with a contentReference may not say itself what it holds (type, values, binding and the like)
    eld-6 a fixed value may be given only where there is one type
    eld-7 a pattern may be given only where there is one type
    eld-8 an element may have a fixed value or a pattern, not both
    eld-11 only coded types, string and uri may have a binding
    eld-12 a binding's valueSet must be a URL that begins with http:, https: or urn:
    eld-13 no two of an element's types may have the same code
    eld-14 no two of an element's constraints may have the same key
    eld-15 an element may have a default value or meaningWhenMissing, not both
    eld-16 sliceName may hold letters, digits and / - _ [ ] @ only
    eld-17 targetProfile may be given only for the types Reference and canonical
    eld-18 an element that is a modifier must say why (isModifierReason)
    eld-19 the parts of a path may hold no white space and few special characters, and at most 64 characters each
    eld-20 the parts of a path should be letters and digits only, beginning with a letter
    eld-21 a constraint should have an expression that programs can check
    eld-22 sliceIsConstraining may be given only where there is a sliceName
    ele-1 an element must have a value or children
    exp-1 an expression's text or a reference to it must be given
    ext-1 an extension must have either a value or extensions of its own, not both
    fhs-1 age and born may not both be given
    fhs-2 estimatedAge may be given only where there is an age
    gol-1 a target with a detail must have a measure
    grp-1 only a group of actual members (actual is true) may list them
    ig-1 a resource's groupingId must be one of the guide's groupings
    ig-2 a resource's fhirVersion must be one of the guide's versions
    imm-1 documentType or reference must be given
    imr-1 vaccineCode or targetDisease must be given
    inv-1 a task's lastModified may not be before authoredOn; a parameter must have a value, a resource or parts, and only one of these; a test report's action must have either an operation or an assert
    inv-1@Task lastModified may not be before authoredOn
    inv-1@Parameters.parameter a parameter must have a value, a resource or parts, and only one of these
    inv-1@TestReport.setup.action an action must have either an operation or an assert, not both
    inv-2 an action must have either an operation or an assert, not both
    ipn-1 a plan must have a name or an identifier
    lnk-1 there must be at least two items
    lst-1 a list with entries may not give a reason for being empty
    lst-2 an entry may be marked as deleted only in a list of mode changes
    lst-3 an entry may have a date only in a list of mode working
    mad-1 dosage must have a dose or a rate
    md-1 max must be * or a number above zero
    mdd-1 whenHandedOver may not be before whenPrepared
    mea-1 a stratifier must be either one criterion or made of components
    mqty-1 an amount of money must have a currency's code if it has a value; its system is urn:iso:std:iso:4217
    mrp-1 a report of type data-collection may have no group
    mrp-2 a stratum must have either a value or components, not both
    msq-3 coordinateSystem must be 0 or 1
    msq-5 chromosome and genomeBuild must both be given, or neither
    msq-6 exactly one of genomeBuild, referenceSeqId, referenceSeqPointer and referenceSeqString must be given
    nor-1 oralDiet, supplement or enteralFormula should be given
    nsd-1 a root may not have a UUID as its identifier
    nsd-2 only one identifier of each type may be the preferred one
    obs-3 a reference range must have low, high or text
    obs-6 dataAbsentReason may be given only where there is no value
    obs-7 an observation with a value may have no component of its own code
    opd-1 a parameter must have a type or parts
    opd-2 only a parameter of type string may have a searchType
    opd-3 only a parameter of type Reference or canonical may have a targetProfile
    org-1 an organization must have a name or an identifier
    org-2 an organization's address may not be of use home
    org-3 an organization's telecom may not be of use home
    pat-1 a contact must have a name, a telecom, an address or an organization
    per-1 start may not be after end
    ppc-1 policy or policyRule must be given
    ppc-2 a privacy consent must name the patient
    ppc-3 a research consent must name the patient
    ppc-4 an advance directive must name the patient
    ppc-5 a treatment consent must name the patient
    prr-1 orderDetail may be given only where there is a code
    qrs-1 an item may not have both answers and items: items stand below the answer
    qty-3 a unit's code must come with its system
    que-1 a group must have items, and a display may have none
    que-2 no two items may have the same linkId
    que-3 a display may have no code
    que-4 an item may have answerOption or answerValueSet, not both
    que-5 only an item with a choice of answers may list them
    que-6 a display may be neither required nor repeating
    que-7 where operator is exists, the answer must be true or false
    que-8 groups and displays may have no initial values
    que-9 a display may not be read-only
    que-10 only items of simple types may have a maxLength
    que-11 an item with answerOption marks the initial one there and has no initial values
    que-12 where several enableWhen stand, enableBehavior must say whether all or any of them count
    que-13 only a repeating item may have several initial values
    ras-1 low and high of a probability must be percentages (UCUM's %)
    ras-2 a probability may be at most 100
    rat-1 numerator and denominator must both be given, or neither, and then there must be an extension
    ref-1 a reference that begins with # must name a contained resource
    rng-2 low may not be greater than high
    rqg-1 an action must have either a resource or actions of its own, not both
    sdf-1 no two elements of a snapshot may have the same path, unless the structure is a constraint
    sdf-2 a mapping must have a name or a uri
    sdf-3 every element of a snapshot must have definition, min and max
    sdf-4 a structure that is not abstract must have a baseDefinition
    sdf-5 the definition of an extension must tell its context
    sdf-6 snapshot or differential must be given
    sdf-8 every path of a snapshot must begin with the structure's type
    sdf-8a every path of a differential must begin with the structure's type
    sdf-8b every element of a snapshot must have a base
    sdf-9 the first element may have neither label, code nor requirements
    sdf-10 a binding must have a valueSet or a description
    sdf-11 a snapshot's first path must be the structure's type
    sdf-14 every element must have an id
    sdf-15 a snapshot's first element has no type, unless the structure is a logical model
    sdf-15a a differential's first element has no type, unless the structure is a logical model
    sdf-16 no two elements of a snapshot may have the same id
    sdf-17 no two elements of a differential may have the same id
    sdf-18 contextInvariant may be given only for extensions
    sdf-19 FHIR's own models may use FHIR's types only
    sdf-20 the first element may not be sliced
    sdf-21 default values may be given only in specializations
    sdf-22 FHIR's own models have no default values
    sdf-23 the first element may have no sliceName
    sev-1 an entity may have a name or a query, not both
    smp-1 a target with an element must have a context
    smp-2 a target with a context must have a contextType
    spd-1 a search parameter with an xpath must have xpathUsage
    spd-2 only a search parameter of type reference may have chains
    sqty-1 a simple quantity has no comparator
    tcp-1 where several versions stand, each must have a code
    tcp-2 description, software or implementation must be given
    tcp-3 a statement of kind instance must have an implementation
    tcp-4 a statement of kind capability must have software and no implementation
    tcp-5 a statement of kind requirements may have neither software nor implementation
    tim-1 a duration must have a durationUnit
    tim-2 a period must have a periodUnit
    tim-4 duration may not be below zero
    tim-5 period may not be below zero
    tim-6 periodMax may be given only where there is a period
    tim-7 durationMax may be given only where there is a duration
    tim-8 countMax may be given only where there is a count
    tim-9 offset may be given only with when, and not with the meals C, CM, CD and CV themselves
    tim-10 timeOfDay and when may not both be given
    trd-1 a trigger may have data or a timing, not both
    trd-2 a condition may be given only where there is data
    trd-3 a named event must have a name, a periodic trigger a timing, and one of data must have data
    tst-1 an action must have either an operation or an assert, not both
    tst-2 an action must have either an operation or an assert, not both
    tst-3 a variable may have only one of expression, headerField and path
    tst-4 a capability must be required, validated or both
    tst-5 an assert may check one thing only
    tst-6 an assert may check one thing only
    tst-7 an operation must have one of sourceId, targetId, params and url
    tst-8 an operation must have one of sourceId, targetId, params and url
    tst-9 an operation must have one of sourceId, targetId, params and url
    tst-10 compareToSourceId must come with compareToSourceExpression or compareToSourcePath, and these not without it
    tst-11 compareToSourceId must come with compareToSourceExpression or compareToSourcePath, and these not without it
    tst-12 an assert of direction request may have neither response nor responseCode
    tst-13 an assert of direction request may have neither response nor responseCode
    txt-1 a narrative may hold only the elements and attributes of basic formatted text: no scripts, forms, frames or event handlers
    txt-2 a narrative must have some content: text or an image
    vsd-1 what a value set includes must name a value set or a code system
    vsd-2 concepts or filters must come with their system
    vsd-3 an include may have concepts or filters, not both
    vsd-6 a concept of an expansion must have a code or a display
    vsd-9 a concept of an expansion must have a code, unless it is abstract
    vsd-10 a code of an expansion must come with its system
    """#
}
