/// Text in HTML, and pictures inside it.
enum HTML {
  /// Text as it may stand in an element or an attribute.
  static func text(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }

  /// The look of a report: light or dark as the reader's system is.
  static let style = """
    :root{--bg:#fbfbfa;--card:#fff;--ink:#1c1d1f;--soft:#6b6f76;--line:#e4e4e1;--good:#1b7f4b;--bad:#b3382c;
    --c0:#2563c9;--c1:#d9731a;--c2:#1f9068;--c3:#8a4fc0;--c4:#c23b6b;--c5:#7a7413}
    @media(prefers-color-scheme:dark){:root{--bg:#15171a;--card:#1d2024;--ink:#e8e9ea;--soft:#9aa0a8;
    --line:#30343a;--good:#5cc58d;--bad:#ef8a7e;--c0:#78a9ff;--c1:#ffab5e;--c2:#5fd0a5;--c3:#c39bf0;--c4:#f28bb0;
    --c5:#d3cb62}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
    Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
    main{max-width:1180px;margin:0 auto;padding:40px 24px 72px}
    h1{font-size:28px;line-height:1.2;margin:0;letter-spacing:-.01em}
    h2{font-size:18px;margin:48px 0 14px;letter-spacing:-.005em}
    p.lead{color:var(--soft);margin:6px 0 26px}
    .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px}
    .tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
    .tile b{display:block;font-size:24px;line-height:1.2;font-weight:650}
    .tile span{color:var(--soft);font-size:13px}
    .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:16px}
    figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px 10px}
    figcaption{font-weight:600;font-size:14px;margin-bottom:6px}
    svg{display:block;width:100%;height:auto}
    svg text{font-size:11px;fill:var(--soft)}
    .grid{stroke:var(--line);stroke-width:1}
    .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
    .band{opacity:.16;stroke:none}
    .line.c0{stroke:var(--c0)}.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}
    .line.c3{stroke:var(--c3)}.line.c4{stroke:var(--c4)}.line.c5{stroke:var(--c5)}
    .dot.c0,.band.c0{fill:var(--c0)}.dot.c1,.band.c1{fill:var(--c1)}.dot.c2,.band.c2{fill:var(--c2)}
    .dot.c3,.band.c3{fill:var(--c3)}.dot.c4,.band.c4{fill:var(--c4)}.dot.c5,.band.c5{fill:var(--c5)}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0 2px;padding:0;font-size:13px;
    color:var(--soft)}
    .legend li::before{content:"";display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px;
    background:currentColor}
    .legend .c0::before{background:var(--c0)}.legend .c1::before{background:var(--c1)}
    .legend .c2::before{background:var(--c2)}.legend .c3::before{background:var(--c3)}
    .legend .c4::before{background:var(--c4)}.legend .c5::before{background:var(--c5)}
    table{border-collapse:collapse;width:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;
    overflow:hidden;font-size:14px}
    th,td{text-align:right;padding:8px 14px;border-top:1px solid var(--line)}
    tr:first-child th{border-top:0}
    th{color:var(--soft);font-weight:600;white-space:nowrap}th:first-child,td:first-child{text-align:left}
    .scroll{overflow-x:auto}
    .samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:14px}
    .sample{background:var(--card);border:1px solid var(--line);border-radius:10px;overflow:hidden;
    display:flex;flex-direction:column}
    .frames{display:flex;background:var(--line)}
    .frames img{display:block;width:100%;min-width:0;flex:1;aspect-ratio:1;object-fit:cover}
    .said{padding:10px 13px 12px;font-size:14px;line-height:1.4}
    .said q{quotes:none;display:block;color:var(--soft)}
    .said b{font-weight:600}.said .good::before{content:"✓ ";color:var(--good)}
    .said .bad::before{content:"✗ ";color:var(--bad)}
    .said s{display:block;text-decoration:none;color:var(--soft);margin-top:3px}
    .said small{display:block;color:var(--soft);font-size:12px;margin-top:6px;overflow-wrap:anywhere}
    details{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 16px}
    summary{cursor:pointer;font-weight:600}
    pre{overflow-x:auto;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:10px 0 4px}
    footer{color:var(--soft);font-size:13px;margin-top:48px}
    """
}
