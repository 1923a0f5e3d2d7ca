"""A folder to the Hugging Face hub; `huggingface_hub` does the work and knows who is logged in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from common.errors import UserError


def require_hub(name: str) -> None:
    """Raise UserError where the package, a login or a sensible name is missing: before the work, not after it."""
    library = _library()
    try:
        library.utils.validate_repo_id(name)
    except ValueError as error:
        raise UserError(f"{name!r} is no name on the hub ({error}); write OWNER/NAME") from None
    if library.get_token() is None:
        raise UserError("nobody is logged in to the Hugging Face hub; log in with: hf auth login")


def push(folder: Path, name: str) -> str:
    """Upload a folder as the model repository `name`, made private where it is new; returns its address.

    Raises UserError where the hub cannot be reached or refuses.
    """
    library = _library()
    api = library.HfApi()
    try:
        address = api.create_repo(name, exist_ok=True, private=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Export of a run")
    # The hub's refusals and the connection's failures are HTTPErrors, whichever client lies below; those that concern
    # large files come wrapped in a RuntimeError, which names the file alone.
    except (OSError, ValueError, RuntimeError, library.errors.HTTPError) as error:
        cause = (isinstance(error, RuntimeError) and error.__cause__) or error
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise UserError(f"{folder} is written, but could not be pushed to {name}: {reason}") from None
    return str(address)


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError:
        raise UserError('the hub needs the package huggingface_hub: pip install "atelier[hugging-face]"') from None
    return huggingface_hub
