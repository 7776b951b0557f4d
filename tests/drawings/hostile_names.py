"""Names that would run or break a page that does not escape them, and a reader of pages."""

from __future__ import annotations

from html.parser import HTMLParser

PAYLOADS = (
    "</script><script>document.title='RAN'</script>",
    "${document.title='RAN'}",
    "`${document.title='RAN'}`",
    "<img src=x onerror=\"document.title='RAN'\">",
    "\"><svg onload=document.title='RAN'>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "javascript:document.title='RAN'",
    "]]><style>*{display:none}</style>",
    "&lt;b&gt;$$x$$ \u2028 @name",
    "</title><script>document.title='RAN'</script>",
    "</style><script>document.title='RAN'</script>",
    "</textarea><svg/onload=document.title='RAN'>",
    "--><img src=x onerror=document.title='RAN'>",
    "' onmouseover='document.title=\"RAN\"",
    "\" autofocus onfocus=document.title='RAN' x=\"",
    "<details open ontoggle=document.title='RAN'>",
    "<iframe srcdoc='<script>parent.document.title=1</script>'>",
    "<a href='javascript:document.title=1'>x</a>",
    "<base href='http://example.org/'>",
    "<meta http-equiv=refresh content='0;url=javascript:document.title=1'>",
    "<math><mtext></mtext><script>document.title='RAN'</script></math>",
    "\\u003cscript\\u003edocument.title='RAN'\\u003c/script\\u003e",
    "\\\";document.title='RAN';//",
    "';document.title='RAN';'",
    "@{name}{safe} @$name{custom}",
    "<template><img src=x onerror=document.title='RAN'></template>",
    "{%% include 'report.html' %%}{{ self.__class__ }}",
    "<script>document.title='RAN'",
    "<svg><animate onbegin=document.title='RAN' attributeName=x dur=1s>",
)


class Reader(HTMLParser):
    """Collect tags, texts outside scripts, and the contents of scripts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.blocks: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data: str) -> None:
        (self.blocks if self.inside else self.text).append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader
