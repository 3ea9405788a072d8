/// English names of languages and their BCP-47 tags (RFC 5646; the shortest ISO 639 code).
enum LanguageNames {
  /// The tag of a name, whatever its case; nil where the name is not known.
  static func code(of name: String) -> String? { codes[name.lowercased()] }

  /// Whether a text has the form of a language tag: a language of two or three letters, then subtags.
  static func isTag(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard let language = parts.first, (2...3).contains(language.utf8.count),
      language.utf8.allSatisfy({ (0x61...0x7A).contains($0 | 0x20) })
    else { return false }
    return parts.dropFirst().allSatisfy { part in
      (1...8).contains(part.utf8.count)
        && part.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) }
    }
  }

  private static let codes: [String: String] = {
    var codes: [String: String] = [:]
    for line in table.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      for name in parts[1].split(separator: ";") { codes[name.lowercased()] = String(parts[0]) }
    }
    return codes
  }()

  private static let table = """
    aa Afar
    ab Abkhazian
    af Afrikaans
    ak Akan
    am Amharic
    an Aragonese
    ar Arabic
    as Assamese
    ase American Sign Language;ASL
    av Avaric
    ay Aymara
    az Azerbaijani
    ba Bashkir
    be Belarusian
    bg Bulgarian
    bh Bihari
    bi Bislama
    bm Bambara
    bn Bengali;Bangla
    bo Tibetan
    br Breton
    bs Bosnian
    ca Catalan;Valencian
    ce Chechen
    ceb Cebuano
    ch Chamorro
    chr Cherokee
    co Corsican
    cr Cree
    cs Czech
    cv Chuvash
    cy Welsh
    da Danish
    de German
    dv Divehi;Maldivian
    dz Dzongkha
    ee Ewe
    el Greek
    en English
    eo Esperanto
    es Spanish;Castilian;Español
    et Estonian
    eu Basque
    fa Persian;Farsi
    ff Fulah
    fi Finnish
    fil Filipino
    fj Fijian
    fo Faroese
    fr French
    fy Western Frisian;Frisian
    ga Irish
    gd Scottish Gaelic;Gaelic
    gl Galician
    gn Guarani
    gu Gujarati
    gv Manx
    ha Hausa
    haw Hawaiian
    he Hebrew
    hi Hindi
    hmn Hmong
    ho Hiri Motu
    hr Croatian
    ht Haitian;Haitian Creole
    hu Hungarian
    hy Armenian
    hz Herero
    id Indonesian
    ig Igbo
    ii Nuosu
    ilo Ilocano
    ik Inupiaq
    io Ido
    is Icelandic
    it Italian
    iu Inuktitut
    ja Japanese
    jv Javanese
    ka Georgian
    kg Kongo
    ki Kikuyu
    kj Kuanyama
    kk Kazakh
    kl Kalaallisut;Greenlandic
    km Khmer;Cambodian
    kn Kannada
    ko Korean
    kr Kanuri
    ks Kashmiri
    ku Kurdish
    kv Komi
    kw Cornish
    ky Kyrgyz
    la Latin
    lb Luxembourgish
    lg Ganda
    li Limburgish
    ln Lingala
    lo Lao
    lt Lithuanian
    lu Luba-Katanga
    lv Latvian
    mg Malagasy
    mh Marshallese
    mi Maori
    mk Macedonian
    ml Malayalam
    mn Mongolian
    mr Marathi
    ms Malay
    mt Maltese
    my Burmese
    na Nauru
    nb Norwegian Bokmål
    nd North Ndebele
    ne Nepali
    ng Ndonga
    nl Dutch;Flemish
    nn Norwegian Nynorsk
    no Norwegian
    nr South Ndebele
    nv Navajo
    ny Chichewa
    oc Occitan
    oj Ojibwa
    om Oromo
    or Oriya
    os Ossetian
    pa Punjabi;Panjabi
    pi Pali
    pl Polish
    ps Pashto
    pt Portuguese
    qu Quechua
    rm Romansh
    rn Rundi
    ro Romanian;Moldovan
    ru Russian
    rw Kinyarwanda
    sa Sanskrit
    sc Sardinian
    sd Sindhi
    se Northern Sami
    sg Sango
    si Sinhala
    sk Slovak
    sl Slovenian
    sm Samoan
    sn Shona
    so Somali
    sq Albanian
    sr Serbian
    ss Swati
    st Southern Sotho
    su Sundanese
    sv Swedish
    sw Swahili
    ta Tamil
    te Telugu
    tg Tajik
    th Thai
    ti Tigrinya
    tk Turkmen
    tl Tagalog
    tn Tswana
    to Tongan
    tr Turkish
    ts Tsonga
    tt Tatar
    tw Twi
    ty Tahitian
    ug Uyghur
    uk Ukrainian
    ur Urdu
    uz Uzbek
    ve Venda
    vi Vietnamese
    vo Volapük
    wa Walloon
    wo Wolof
    xh Xhosa
    yi Yiddish
    yo Yoruba
    yue Cantonese
    za Zhuang
    zh Chinese;Mandarin;Mandarin Chinese
    zu Zulu
    """
}
