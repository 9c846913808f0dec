//! The window may look through a camera, when a person asks it to, and may do nothing else that needs a permission.

use tauri::webview::{PermissionKind, PermissionResponse};

/// What the window is allowed, by what it asks for.
pub(crate) fn allow(kind: PermissionKind) -> PermissionResponse {
    match kind {
        PermissionKind::Camera => PermissionResponse::Allow,
        _ => PermissionResponse::Deny,
    }
}

/// Has the engine know cameras at all (Linux); elsewhere it does.
#[cfg(target_os = "linux")]
pub(crate) fn enable(window: &tauri::WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{SettingsExt, WebViewExt};

    window.with_webview(|view| {
        if let Some(settings) = WebViewExt::settings(&view.inner()) {
            settings.set_enable_media_stream(true);
        }
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn enable(_: &tauri::WebviewWindow) -> tauri::Result<()> {
    Ok(())
}
