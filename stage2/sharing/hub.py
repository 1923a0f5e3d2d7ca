"""Upload a folder to the Hugging Face hub, with the package `huggingface_hub` and its login."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from common.errors import UserError, missing_package


def require_hub(name: str) -> None:
    """Raise UserError if the package or a login is missing, or the name is not valid. Call this before the work."""
    try:
        import huggingface_hub
        import huggingface_hub.utils
    except ImportError:
        raise missing_package("the hub", "huggingface_hub", extra="hugging-face") from None
    try:
        cast("Any", huggingface_hub.utils).validate_repo_id(name)
    except ValueError as error:
        raise UserError(f"{name!r} is not a valid name on the hub ({error}); write OWNER/NAME") from None
    if huggingface_hub.get_token() is None:
        raise UserError("you are not logged in to the Hugging Face hub; log in with: hf auth login")


def push(folder: Path, name: str) -> str:
    """Upload a folder as the model repository `name`, and return its address. A new repository is private.

    Raises UserError if the hub cannot be reached or refuses.
    """
    import huggingface_hub
    import huggingface_hub.errors

    api, errors = huggingface_hub.HfApi(), cast("Any", huggingface_hub.errors)
    try:
        address = api.create_repo(name, exist_ok=True, private=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Export of a run")
    # The hub's refusals and connection failures are HTTPErrors, whichever client the package uses. For large files the
    # package wraps them in a RuntimeError that names only the file.
    except (OSError, ValueError, RuntimeError, errors.HTTPError) as error:
        cause = (isinstance(error, RuntimeError) and error.__cause__) or error
        reason = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise UserError(f"{folder} was written, but could not be uploaded to {name}: {reason}") from None
    return str(address)
