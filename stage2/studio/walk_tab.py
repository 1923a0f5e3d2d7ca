"""Walk: an animation through pictures that were kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image

from stage2.painter.variations import WALK_SUFFIXES, animation
from stage2.studio.controls import AT_ONCE, paints
from stage2.studio.session import NotYet, Session
from stage2.studio.workshop import Workshop

MOST_FRAMES = 240
SHOWN = {"mp4": '<video src="{}" controls loop autoplay muted playsinline></video>'}
"""How the preview shows a format; the others are pictures."""
BEFORE = '<div style="min-height: 200px"></div>'
PROGRESS = gr.Progress()
"""Where a walk reports how far it is; gradio looks for it among the defaults of a function."""
LOOKS = "img, video { width: 100%; max-width: 512px }"


class WalkTab:
    """Stops picked from what was kept, and the animation that visits them."""

    def __init__(self, tab: gr.Tab, shop: Workshop, session: gr.State) -> None:
        self.shop = shop
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                stops = gr.Dropdown(
                    [], multiselect=True, label="Stops, in their order", info="Keep two pictures or more first."
                )
                frames = gr.Slider(12, MOST_FRAMES, 48, step=1, label="Pictures in all")
                fps = gr.Slider(5, 50, 20, step=1, label="Pictures a second")
                format = gr.Radio([(name.upper(), name) for name in WALK_SUFFIXES], value="gif", label="File")
                with gr.Row():
                    go = gr.Button("Walk", variant="primary")
                    stop = gr.Button("Stop")
            with gr.Column(scale=1, min_width=300, elem_classes="results"):
                shown = gr.HTML(BEFORE, html_template="${value}", css_template=LOOKS, label="Walk")
                download = gr.DownloadButton("Download", interactive=False)
        tab.select(self._list, session, stops, **AT_ONCE)
        every = [session, stops, frames, fps, format]
        paints(go.click, self._walk, every, [shown, download])
        stop.click(Session.stop, session, None, **AT_ONCE)

    def _list(self, session: Session) -> Any:
        # A restyled photo and a picture near another have no noise of their own to walk from.
        kept = [one for one in session.kept if not one.origin.photo and one.origin.request.towards is None]
        names = [(f"{number}: {one.caption}", str(one.path)) for number, one in enumerate(kept, start=1)]
        info = "" if kept else "Keep two pictures or more first. "
        if len(kept) < len(session.kept):
            info += "Pictures near another and pictures of your own cannot be stops."
        return gr.update(choices=names, value=[path for _, path in names[:4]], info=info)

    def _walk(
        self, session: Session, stops: list[str], frames: float, fps: float, format: str, progress: Any = PROGRESS
    ) -> Iterator[Any]:
        kept = {str(one.path): one.origin.request for one in session.kept}
        requests = [kept[path] for path in stops if path in kept]
        if len(requests) < 2:
            raise NotYet("a walk needs two pictures or more; keep some and choose them as stops")
        count = min(int(frames), MOST_FRAMES)
        painted: list[Image.Image] = []
        for painting in self.shop.painter.walk_between(requests, count):
            painted.append(painting.image)
            progress((len(painted), count), desc="Painting", unit="pictures")
            # A walk can be stopped wherever something is yielded.
            yield gr.skip(), gr.skip()
        path = session.new_folder(self.shop.folder) / f"walk{WALK_SUFFIXES[format]}"
        path.write_bytes(animation(painted, format, min(int(fps), 50), {"Software": "Atelier"}))
        shown = SHOWN.get(format, '<img src="{}" alt="The walk">').format(f"gradio_api/file={path}")
        yield shown, gr.update(value=str(path), interactive=True)
