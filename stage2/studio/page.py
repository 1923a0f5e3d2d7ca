"""The page: its tabs, its looks, and how it is served."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import gradio as gr

from common.errors import UserError
from stage2.painter.photos import MOST_BYTES
from stage2.studio.controls import AT_ONCE
from stage2.studio.kept_tab import KeptTab
from stage2.studio.pad_tab import PadTab
from stage2.studio.paint_tab import PaintTab
from stage2.studio.photo_tab import PhotoTab
from stage2.studio.recipe_tab import RecipeTab
from stage2.studio.session import Session
from stage2.studio.sheet_tab import SheetTab
from stage2.studio.walk_tab import WalkTab
from stage2.studio.workshop import Workshop

MOST_WAITING = 64
"""Requests that may wait to be painted; one more is refused with a sentence."""
MOST_SESSIONS = 200
"""Visitors whose pictures are remembered; the oldest are forgotten."""
A_DAY = 86400
"""Seconds. Uploads that nobody used are deleted after it."""
LOOKS = """
footer { display: none !important }
@media (max-width: 700px) { .results { min-height: 90vh } }
"""


def build(shop: Workshop) -> gr.Blocks:
    """Return the page."""
    with gr.Blocks(analytics_enabled=False, title="Atelier", delete_cache=(3600, A_DAY)) as page:
        session = gr.State(Session(), delete_callback=Session.leave)
        # gradio forgets visitors who left if their state was once set.
        page.load(lambda own: own, session, session, **AT_ONCE)
        gr.Markdown(f"# Atelier\n{_about(shop)}")
        with gr.Tabs() as tabs:
            with gr.Tab("Paint", id="paint"):
                paint = PaintTab(shop, session)
            with gr.Tab("Sheet"):
                SheetTab(shop, session, paint, tabs)
            with gr.Tab("Pad"):
                PadTab(shop, session)
            with gr.Tab("Your own picture"):
                PhotoTab(shop, session)
            with gr.Tab("Recipe"):
                RecipeTab(shop, session, paint, tabs)
            with gr.Tab("Kept") as kept:
                KeptTab(kept, shop, session, paint, tabs)
            with gr.Tab("Walk") as walk:
                WalkTab(walk, shop, session)
    return page


def _about(shop: Workshop) -> str:
    painter = shop.painter
    return (
        "Choose what to paint and press Paint. Click on a picture to choose it: the buttons under the pictures act on "
        "that one. Nothing leaves the machine of this page.\n\n"
        f"<small>Pictures of up to {painter.resolutions[-1]} pixels, by the weights {painter.weights}.</small>"
    )


@contextlib.contextmanager
def served(shop: Workshop, host: str, port: int | None, auth: tuple[str, str] | None) -> Iterator[str]:
    """Serve the page until the block ends; yield its address. Raises UserError if the port is taken."""
    page = build(shop)
    page.queue(max_size=MOST_WAITING, api_open=False)
    # Of the system: the usual theme would fetch its fonts from elsewhere.
    theme = gr.themes.Default(
        primary_hue="indigo", neutral_hue="stone", font=["system-ui", "sans-serif"], font_mono=["monospace"]
    )
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            auth=auth,
            share=False,
            ssr_mode=False,
            prevent_thread_lock=True,
            quiet=True,
            show_error=False,
            max_file_size=MOST_BYTES,
            run_history=False,
            enable_monitoring=False,
            theme=theme,
            css=LOOKS,
            footer_links=[],
            state_session_capacity=MOST_SESSIONS,
        )
    except OSError as error:
        raise UserError(f"the page cannot be served at {host}: {error}; choose another --port or --host") from None
    try:
        yield address
    finally:
        page.close(verbose=False)
