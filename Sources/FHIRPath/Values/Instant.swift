#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The present moment, as `now()`, `today()` and `timeOfDay()` give it.
struct Instant {
  let now: Temporal
  let today: Temporal
  let timeOfDay: Temporal

  static func now() -> Instant {
    var clock = timespec()
    clock_gettime(CLOCK_REALTIME, &clock)
    var seconds = clock.tv_sec
    var parts = tm()
    localtime_r(&seconds, &parts)
    return Instant(parts, milliseconds: clock.tv_nsec / 1_000_000)
  }

  private init(_ parts: tm, milliseconds: Int) {
    var now = Temporal(kind: .dateTime, precision: .second)
    now.year = Int16(clamping: parts.tm_year + 1900)
    now.month = UInt8(clamping: parts.tm_mon + 1)
    now.day = UInt8(clamping: parts.tm_mday)
    now.hour = UInt8(clamping: parts.tm_hour)
    now.minute = UInt8(clamping: parts.tm_min)
    now.second = UInt8(clamping: parts.tm_sec)
    now.nanosecond = Int32(milliseconds) * 1_000_000
    now.fractionDigits = 3
    now.offset = Int16(clamping: parts.tm_gmtoff / 60)
    self.now = now
    today = now.asDate
    var time = Temporal(kind: .time, precision: .second)
    (time.hour, time.minute, time.second) = (now.hour, now.minute, now.second)
    (time.nanosecond, time.fractionDigits) = (now.nanosecond, 3)
    timeOfDay = time
  }
}
