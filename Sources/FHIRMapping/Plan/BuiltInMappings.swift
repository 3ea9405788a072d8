/// The files of the folder `Mappings`, for a program that finds none of its own. A test keeps them the same.
enum BuiltInMappings {
  static let files: [(name: String, text: String)] = [
    (
      "Mappings/patient.yml",
      #"""
      # The document `patient`: a Patient, and the Coverages of which they are the beneficiary.
      #
      # A field gives its path in FHIR and a transform that turns the element into the field's value and back. Import writes
      # the value; the resource stays beside it under `fhir`, less what the fields alone give back exactly. Export puts every
      # field that says something else than the resource back into it. See docs/mappings.md for the language.
      document: patient
      collection: patient
      root: Patient

      sections:
        coverages:
          type: Coverage
          owner: beneficiary
          date: [period.start, meta.lastUpdated]

      fields:
        # The official name, else the usual one, else the first. Drift: a name that is not taken apart, with "Dr. " or not.
        name:
          path: name
          prefer: [official, usual]
          transform: human_name

        # Drift: a text YYYY-MM-DD. A birth date of a year or month alone is its first day here, and stays itself in FHIR.
        date_of_birth:
          path: birthDate
          transform: date

        # Lines, then "City, State PostalCode", then the country. Drift: all on one line; military addresses.
        address:
          path: address
          prefer: [home]
          transform: address

        # Drift: one text instead of a list; integers; nine bare digits, which have lost their leading zero.
        primary_phone:
          path: telecom.where(system = 'phone').value
          list: true
          transform: phone

        email:
          path: telecom.where(system = 'email').value
          transform: text

        # The name that the reference to the managing Organization shows, or the Organization has.
        medical_group:
          path: managingOrganization.display
          or_target: name
          transform: text

        # Of the Coverage that began last. Drift: an integer of 10 to 12 digits.
        insurance_id:
          from: Coverage
          choose: newest
          path: subscriberId
          transform: text
          make:
            status: active
          absent: payor

        # Drift: an integer.
        insurance_payer_id:
          from: Coverage
          choose: newest
          path: payor.first().identifier.value
          transform: text
          make:
            status: active
          absent: payor

        # BCP-47 codes. Drift: English names; a name that no code is known for is kept as text.
        languages:
          path: communication.language
          list: true
          transform: language

        # From Appointment.participant; never written to FHIR.
        appointments:
          derived: appointments

      """#
    ),
    (
      "Mappings/patient_chart.yml",
      #"""
      # The document `patient_chart`: every clinical resource of one patient, in sections.
      #
      # An item's place in its section is that of the first of its dates that it has, then that of its id. `owner` is the
      # reference that says whose chart it is; a resource whose owner is no known Patient lives in the collection `resource`.
      document: patient_chart
      collection: patient_chart
      of: Patient

      sections:
        observations:
          type: Observation
          owner: subject
          date: [effective.ofType(dateTime), effective.ofType(Period).start, effective.ofType(instant), issued]
        conditions:
          type: Condition
          owner: subject
          date: [onset.ofType(dateTime), onset.ofType(Period).start, recordedDate]
        allergies:
          type: AllergyIntolerance
          owner: patient
          date: [onset.ofType(dateTime), onset.ofType(Period).start, recordedDate]
        medications:
          - { type: MedicationRequest, owner: subject, date: [authoredOn] }
          - { type: MedicationStatement, owner: subject, date: ['effective.ofType(dateTime)', effective.ofType(Period).start, dateAsserted] }
          - { type: MedicationAdministration, owner: subject, date: ['effective.ofType(dateTime)', effective.ofType(Period).start] }
          - { type: MedicationDispense, owner: subject, date: [whenHandedOver, whenPrepared] }
        immunizations:
          - { type: Immunization, owner: patient, date: ['occurrence.ofType(dateTime)', recorded] }
          - { type: ImmunizationEvaluation, owner: patient, date: [date] }
          - { type: ImmunizationRecommendation, owner: patient, date: [date] }
        procedures:
          type: Procedure
          owner: subject
          date: [performed.ofType(dateTime), performed.ofType(Period).start]
        encounters:
          type: Encounter
          owner: subject
          date: [period.start]
        episodes:
          type: EpisodeOfCare
          owner: patient
          date: [period.start]
        reports:
          type: DiagnosticReport
          owner: subject
          date: [effective.ofType(dateTime), effective.ofType(Period).start, issued]
        care_plans:
          type: CarePlan
          owner: subject
          date: [period.start, created]
        care_teams:
          type: CareTeam
          owner: subject
          date: [period.start]
        goals:
          type: Goal
          owner: subject
          date: [start.ofType(date), statusDate]
        documents:
          - { type: DocumentReference, owner: subject, date: [date] }
          - { type: DocumentManifest, owner: subject, date: [created] }
          - { type: Composition, owner: subject, date: [date] }
        media:
          type: Media
          owner: subject
          date: [created.ofType(dateTime), created.ofType(Period).start, issued]
        imaging:
          type: ImagingStudy
          owner: subject
          date: [started]
        service_requests:
          type: ServiceRequest
          owner: subject
          date: [authoredOn]
        requests:
          - { type: DeviceRequest, owner: subject, date: [authoredOn] }
          - { type: NutritionOrder, owner: patient, date: [dateTime] }
          - { type: VisionPrescription, owner: patient, date: [dateWritten, created] }
          - { type: RequestGroup, owner: subject, date: [authoredOn] }
        questionnaire_responses:
          type: QuestionnaireResponse
          owner: subject
          date: [authored]
        family_history:
          type: FamilyMemberHistory
          owner: patient
          date: [date]
        flags:
          type: Flag
          owner: subject
          date: [period.start]
        assessments:
          - { type: ClinicalImpression, owner: subject, date: ['effective.ofType(dateTime)', effective.ofType(Period).start, date] }
          - { type: RiskAssessment, owner: subject, date: ['occurrence.ofType(dateTime)', occurrence.ofType(Period).start] }
          - { type: DetectedIssue, owner: patient, date: ['identified.ofType(dateTime)', identified.ofType(Period).start] }
          - { type: AdverseEvent, owner: subject, date: [date, detected, recordedDate] }
          - { type: GuidanceResponse, owner: subject, date: [occurrenceDateTime] }
        specimens:
          type: Specimen
          owner: subject
          date: [receivedTime]
        devices:
          - { type: Device, owner: patient, date: [manufactureDate] }
          - { type: DeviceUseStatement, owner: subject, date: ['timing.ofType(dateTime)', timing.ofType(Period).start, recordedOn] }
        supplies:
          type: SupplyDelivery
          owner: patient
          date: [occurrence.ofType(dateTime), occurrence.ofType(Period).start]
        communications:
          - { type: Communication, owner: subject, date: [sent, received] }
          - { type: CommunicationRequest, owner: subject, date: ['occurrence.ofType(dateTime)', authoredOn] }
        consents:
          type: Consent
          owner: patient
          date: [dateTime]
        body_structures:
          type: BodyStructure
          owner: patient
        molecular_sequences:
          type: MolecularSequence
          owner: patient
        lists:
          type: List
          owner: subject
          date: [date]

      fields:
        # Inches; of the newest body height, from any unit of length. Converted numbers are rounded to two decimals. R4's vital
        # signs want to know when they were taken, and the platform does not say.
        height_in:
          from: Observation
          codes: { http://loinc.org: 8302-2 }
          choose: newest
          path: value.ofType(Quantity)
          transform: { quantity: { unit: '[in_i]', display: in, decimals: 2 } }
          make:
            status: final
            category: [{ coding: [{ system: http://terminology.hl7.org/CodeSystem/observation-category, code: vital-signs }] }]
            code: { coding: [{ system: http://loinc.org, code: 8302-2, display: Body height }] }
          absent: effective.ofType(dateTime)

        # Pounds; of the newest body weight, from any unit of mass.
        weight:
          from: Observation
          codes: { http://loinc.org: 29463-7 }
          choose: newest
          path: value.ofType(Quantity)
          transform: { quantity: { unit: '[lb_av]', display: lb, decimals: 2 } }
          make:
            status: final
            category: [{ coding: [{ system: http://terminology.hl7.org/CodeSystem/observation-category, code: vital-signs }] }]
            code: { coding: [{ system: http://loinc.org, code: 29463-7, display: Body weight }] }
          absent: effective.ofType(dateTime)

        # "systolic/diastolic" in mm[Hg].
        blood_pressure:
          from: Observation
          codes: { http://loinc.org: [85354-9, 55284-4] }
          choose: newest
          path: $this
          transform:
            blood_pressure: { system: http://loinc.org, systolic: 8480-6, diastolic: 8462-4, unit: 'mm[Hg]' }
          make:
            status: final
            category: [{ coding: [{ system: http://terminology.hl7.org/CodeSystem/observation-category, code: vital-signs }] }]
            code: { coding: [{ system: http://loinc.org, code: 85354-9, display: Blood pressure panel }] }
          absent: effective.ofType(dateTime)

        # mg/dL of glucose; from mmol/L by its molar mass: one mmol/L is 18.016 mg/dL.
        blood_sugar:
          from: Observation
          codes: { http://loinc.org: [2339-0, 2345-7, 15074-8] }
          choose: newest
          path: value.ofType(Quantity)
          transform: { quantity: { unit: mg/dL, display: mg/dL, decimals: 2, molar_mass: 180.16 } }
          make:
            status: final
            code: { coding: [{ system: http://loinc.org, code: 2339-0, display: Glucose }] }

        # Codes of every Condition. A new code becomes a Condition; of a code that was taken away the coding is removed. Drift:
        # lower case; no full stop; several codes in one text; what is no code, which is kept and reported.
        icd_10_codes:
          transform: icd_10
          list: true
          sources:
            - from: Condition
              choose: all
              path: code.coding.where(system = 'http://hl7.org/fhir/sid/icd-10-cm').code
              make: {}
            - from: Condition
              choose: all
              path: code.coding.where(system = 'http://hl7.org/fhir/sid/icd-10').code

        # The plain text of the newest DocumentReference that has one: the note as it was written, not a summary of others.
        notes:
          from: DocumentReference
          choose: newest
          path: content.attachment
          transform: attachment_text
          make:
            status: current

        last_appointment_id:
          derived: last_appointment

      """#
    ),
    (
      "Mappings/provider.yml",
      #"""
      # The document `provider`: a Practitioner, and the PractitionerRoles they have.
      document: provider
      collection: provider
      root: Practitioner

      sections:
        roles:
          type: PractitionerRole
          owner: practitioner
          date: [period.start, meta.lastUpdated]

      fields:
        # Drift: an integer. What is no NPI (other than ten digits, a wrong check digit, letters) is kept and reported.
        npi:
          path: identifier.where(system = 'http://hl7.org/fhir/sid/us-npi').value
          transform: npi

        # Drift: a name that is not taken apart, with "Dr. " or not.
        name:
          path: name
          prefer: [official, usual]
          transform: human_name

        # Drift: a text YYYY-MM-DD.
        date_of_birth:
          path: birthDate
          transform: date

        email:
          path: telecom.where(system = 'email').value
          transform: text

        # Drift: an integer; nine bare digits, which have lost their leading zero.
        primary_phone:
          path: telecom.where(system = 'phone').value
          transform: phone

        # When the first of the roles began. Drift: a text.
        date_employed:
          from: PractitionerRole
          choose: oldest
          path: period.start
          transform: date
          make: {}

        # Qualifications of the Practitioner, then specialties of the roles. A new skill becomes a qualification.
        credentialed_skills:
          transform: concept
          list: true
          sources:
            - path: qualification.code
            - from: PractitionerRole
              choose: all
              path: specialty

        appointments:
          derived: appointments

        last_appointment:
          derived: last_appointment

      """#
    ),
    (
      "Mappings/appointment.yml",
      #"""
      # The document `appointment`: an Appointment. The platform knows one patient and one provider of each; further
      # participants stay in FHIR.
      document: appointment
      collection: appointment
      root: Appointment

      # R4 wants start and end together (app-2, app-3), and the platform stores no end: where export has to make one, a visit
      # lasts this long, and the extension assumed-end on Appointment.end says that it was made.
      default_duration_minutes: 30

      fields:
        # Drift: an integer.
        patient_id:
          path: participant.actor
          transform: { reference: Patient }
          new: { status: accepted }

        # Drift: an integer.
        provider_id:
          path: participant.actor
          transform: { reference: Practitioner }
          new: { status: accepted }

        # When the appointment was made; where FHIR does not say, its start. A document without date_of_visit exports it as
        # the start. Drift: a text; a date with no time.
        date_scheduled:
          path: created
          or: start
          transform: date

        # Drift: a text; a date before date_scheduled, which is kept as it is.
        date_of_visit:
          path: start
          transform: date

        # The device or service of a telehealth visit, as R5 has it in Appointment.virtualService. A new one is written into
        # the text of serviceType as well. Drift: any word ("Zoom", "Skype", "smartphone").
        telehealth_device:
          path: >-
            extension('http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService').extension('channelType').value.ofType(Coding)
          transform: coding
          also: serviceType[0].text

        confirmed_phone:
          path: extension('https://fhirline.dev/StructureDefinition/confirmed-phone').value.ofType(string)
          transform: phone

        confirmed_email:
          path: extension('https://fhirline.dev/StructureDefinition/confirmed-email').value.ofType(string)
          transform: text

        # R4 has no status for "rescheduled": the visit of this document does not take place, and the word is kept beside
        # the status. So is every word that no code says. Drift: other spellings, whatever their case.
        disposition:
          path: status
          beside: extension('https://fhirline.dev/StructureDefinition/disposition').value.ofType(string)
          transform:
            code:
              codes:
                fulfilled: completed
                cancelled: cancelled
                noshow: no-show
                booked: booked
                pending: pending
                proposed: proposed
                arrived: arrived
                checked-in: checked-in
                waitlist: waitlist
                entered-in-error: entered-in-error
              otherwise:
                rescheduled: cancelled
              accept:
                complete: completed
                done: completed
                finished: completed
                fulfilled: completed
                canceled: cancelled
                no show: no-show
                noshow: no-show
                missed: no-show
                scheduled: booked
                confirmed: booked
                re-scheduled: rescheduled
                checked in: checked-in
              default: booked

        billing_disposition:
          path: extension('https://fhirline.dev/StructureDefinition/billing-disposition').value.ofType(string)
          transform: text

      """#
    ),
  ]
}
