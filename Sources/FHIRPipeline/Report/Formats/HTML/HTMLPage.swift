/// What every HTML report has: its head with the style, and the script that filters.
enum HTMLPage {
  static func head(title: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" \
    content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
    <title>\(XMLText.escaped(title))</title>
    <style>
    \(style)</style>
    </head>
    <body>

    """
  }

  private static let style = """
    :root{color-scheme:light dark;
      --ground:light-dark(#f5f6f8,#101418);--panel:light-dark(#fff,#181d23);--ink:light-dark(#1c2430,#e3e8ee);
      --quiet:light-dark(#5c6877,#93a0ae);--line:light-dark(#dfe3e9,#2b333d);--code:light-dark(#f0f2f5,#11161b);
      --error:light-dark(#c02b37,#ff7b82);--error-soft:light-dark(#fde8ea,#3d1a1f);
      --warning:light-dark(#8f5b00,#f0b453);--warning-soft:light-dark(#fdf0d5,#38290d);
      --information:light-dark(#1c64b5,#7ab8ff);--information-soft:light-dark(#e3effc,#12283f);
      --good:light-dark(#1a7a45,#62d296);--good-soft:light-dark(#dff5e8,#10321f)}
    :root[data-theme=light]{color-scheme:light}:root[data-theme=dark]{color-scheme:dark}
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:1120px;padding:28px 24px 48px;background:var(--ground);color:var(--ink);
      font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
    h1{font-size:24px;line-height:1.25;margin:0;letter-spacing:-.01em}
    code,pre,.at{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
    header{display:flex;justify-content:space-between;gap:24px;align-items:flex-start;margin-bottom:22px}
    header p{margin:6px 0 0;color:var(--quiet);font-size:13.5px;overflow-wrap:anywhere}
    .tools{display:flex;gap:10px;align-items:center;flex:none}
    .badge{padding:6px 14px;border-radius:99px;font-weight:650;font-size:14px;white-space:nowrap}
    .badge.good{background:var(--good-soft);color:var(--good)}
    .badge.bad{background:var(--error-soft);color:var(--error)}
    button,select,input{font:inherit;color:inherit}
    #theme{border:1px solid var(--line);background:var(--panel);border-radius:99px;width:34px;height:34px;
      line-height:1;padding:0;cursor:pointer}
    .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px}
    .card{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:14px 16px 12px}
    .card b{display:block;font-size:27px;line-height:1.15;font-weight:650;font-variant-numeric:tabular-nums}
    .card span{color:var(--quiet);font-size:13.5px}
    .card.zero b{color:var(--quiet);font-weight:500}
    .card.error{border-top:3px solid var(--error);padding-top:12px}.card.error b{color:var(--error)}
    .card.warning{border-top:3px solid var(--warning);padding-top:12px}.card.warning b{color:var(--warning)}
    .card.information{border-top:3px solid var(--information);padding-top:12px}
    .card.information b{color:var(--information)}
    .share{display:flex;gap:2px;height:8px;border-radius:4px;overflow:hidden;margin:14px 0 0}
    .share i{min-width:3px}.share .error{background:var(--error)}.share .warning{background:var(--warning)}
    .share .information{background:var(--information)}
    nav{display:flex;flex-wrap:wrap;gap:12px 20px;justify-content:space-between;align-items:center;
      position:sticky;top:0;z-index:2;background:var(--ground);padding:16px 0 12px;margin-top:10px}
    .tabs{display:flex;background:var(--line);border-radius:10px;padding:3px}
    .tabs button{border:0;background:none;padding:5px 16px;border-radius:8px;cursor:pointer;color:var(--quiet)}
    .tabs .on{background:var(--panel);color:var(--ink);font-weight:600;box-shadow:0 1px 2px #0002}
    .filters{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
    .filters select,.filters input[type=search]{border:1px solid var(--line);background:var(--panel);
      border-radius:8px;padding:5px 10px;height:34px}
    .filters input[type=search]{width:230px}
    .pill{display:inline-block;padding:2px 10px;border-radius:99px;font-size:12.5px;font-weight:600;
      white-space:nowrap}
    .pill.error{background:var(--error-soft);color:var(--error)}
    .pill.warning{background:var(--warning-soft);color:var(--warning)}
    .pill.information{background:var(--information-soft);color:var(--information)}
    span.pill.fatal{background:var(--error);color:var(--panel)}
    label.pill{cursor:pointer;padding:5px 12px;user-select:none}
    label.pill input{appearance:none;margin:0;width:0}label.pill:not(:has(:checked)){opacity:.4}
    label.pill:has(:focus-visible),button:focus-visible,summary:focus-visible{outline:2px solid var(--information);
      outline-offset:2px}
    .cause{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:14px 18px 12px;
      margin-bottom:12px;break-inside:avoid}
    .top{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center}
    .path{font-size:14.5px;font-weight:600;overflow-wrap:anywhere}
    .rule{color:var(--quiet);font-size:13px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:nowrap}
    .count{margin-left:auto;position:relative;color:var(--quiet);font-size:13px;padding-bottom:5px;min-width:90px;
      text-align:right;font-variant-numeric:tabular-nums}
    .count b{color:var(--ink);font-size:15px}
    .count i{position:absolute;right:0;bottom:0;height:3px;border-radius:2px;background:var(--quiet);opacity:.45}
    .words{margin:8px 0 0;overflow-wrap:anywhere}
    figure{margin:10px 0 0}
    figcaption{color:var(--quiet);font-size:12.5px;margin-bottom:3px;overflow-wrap:anywhere}
    pre{margin:0;background:var(--code);border:1px solid var(--line);border-radius:8px;padding:8px 12px;
      overflow-x:auto;line-height:1.45}
    .no{color:var(--quiet);margin-right:14px;user-select:none}
    mark{color:inherit;background:var(--warning-soft);border-bottom:2px solid var(--warning)}
    [data-severity=error] mark,[data-severity=fatal] mark{background:var(--error-soft);
      border-bottom-color:var(--error)}
    [data-severity=information] mark{background:var(--information-soft);border-bottom-color:var(--information)}
    .below{display:flex;flex-wrap:wrap;gap:0 24px}.below details[open]{flex-basis:100%}
    .below details{margin-top:9px;font-size:13.5px}
    summary{cursor:pointer;color:var(--quiet)}summary:hover{color:var(--ink)}
    .below ul{margin:6px 0 4px;padding-left:20px;columns:2 320px;overflow-wrap:anywhere}
    .below p{margin:6px 0 4px;max-width:78ch}
    .file{background:var(--panel);border:1px solid var(--line);border-radius:12px;margin-bottom:8px;overflow:hidden}
    .file summary{display:flex;gap:8px;align-items:center;padding:10px 16px;color:var(--ink)}
    .file summary code{margin-right:auto;overflow-wrap:anywhere}
    .file summary::before{content:"▸";color:var(--quiet)}.file[open] summary::before{content:"▾"}
    table{border-collapse:collapse;width:100%;font-size:14px}
    td{border-top:1px solid var(--line);padding:7px 8px;vertical-align:top;overflow-wrap:anywhere}
    td:first-child{padding-left:16px;width:24px}td:last-child{padding-right:16px}
    .at,.times{color:var(--quiet);white-space:nowrap;font-variant-numeric:tabular-nums;text-align:right}
    p.at{text-align:left;margin:8px 0 0;overflow-wrap:anywhere;white-space:normal}
    .dot{display:inline-block;width:9px;height:9px;border-radius:50%;background:var(--information)}
    .dot.error{background:var(--error)}.dot.warning{background:var(--warning)}
    .more,.none,footer{color:var(--quiet);font-size:13.5px}.more{margin:10px 2px}.none{text-align:center;padding:40px}
    .empty{text-align:center;padding:64px 0 48px}.empty h2{margin:14px 0 4px}.empty p{color:var(--quiet);margin:0}
    .tick{width:68px;height:68px;line-height:68px;margin:0 auto;border-radius:50%;font-size:32px;
      background:var(--good-soft);color:var(--good)}
    footer{border-top:1px solid var(--line);margin-top:28px;padding-top:14px}
    [hidden]{display:none!important}
    @media(max-width:640px){body{padding:18px 14px 32px}header{flex-direction:column}.filters input[type=search]
      {width:100%}}
    @media print{:root{color-scheme:light}body{max-width:none;padding:0;background:#fff;font-size:12px}
      nav,#theme{display:none}.view{display:block!important}pre{white-space:pre-wrap}#files{break-before:page}
      .badge,.pill,.dot,.share i,mark{print-color-adjust:exact;-webkit-print-color-adjust:exact}}

    """

  static let script = """
    <script>
    (() => {
      const all = (query, from = document) => [...from.querySelectorAll(query)]
      const root = document.documentElement
      document.getElementById('theme').onclick = () => {
        const dark = root.dataset.theme ? root.dataset.theme == 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
        root.dataset.theme = dark ? 'light' : 'dark'
      }
      addEventListener('beforeprint', () => all('details.file').forEach(file => file.open = true))
      const search = document.getElementById('search')
      if (!search) return
      const rule = document.getElementById('rule')
      const text = new Map(all('.cause,tr,.file').map(item => [item, item.textContent.toLowerCase()]))
      const filter = () => {
        const severities = new Set(all('.filters input:checked').map(box => box.value))
        const words = search.value.toLowerCase().split(/\\s+/).filter(word => word)
        const keeps = (item, context) => severities.has(item.dataset.severity)
          && (!rule.value || item.dataset.rule == rule.value)
          && words.every(word => text.get(item).includes(word) || context.includes(word))
        for (const item of all('.cause')) item.hidden = !keeps(item, '')
        for (const file of all('.file')) {
          const name = file.querySelector('code').textContent.toLowerCase()
          const rows = all('tr', file)
          for (const row of rows) row.hidden = !keeps(row, name)
          file.hidden = rows.every(row => row.hidden)
        }
        for (const view of all('.view'))
          view.querySelector('.none').hidden = all('.cause,.file', view).some(item => !item.hidden)
      }
      all('.filters input, #rule').forEach(item => item.oninput = filter)
      all('.tabs button').forEach(tab => tab.onclick = () => {
        all('.tabs button').forEach(other => other.classList.toggle('on', other == tab))
        all('.view').forEach(view => view.hidden = view.id != tab.dataset.view)
      })
    })()
    </script>

    """
}
