//! Who draws the window. Composed layers are quick on graphics hardware; without any, the processor would imitate that
//! hardware for every picture, and drawing plainly takes half the time and three quarters of the memory.

use clap::ValueEnum;

/// What to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drawing {
    /// Layers where there is graphics hardware, plainly elsewhere.
    Auto,
    /// Always layers. A robot's pictures of the window need them.
    Layers,
    /// Always plainly, for graphics drivers that draw nonsense.
    Plain,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;

    use tauri::WebviewWindow;
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

    use super::Drawing;

    impl Drawing {
        fn is_plain(self) -> bool {
            match self {
                Self::Auto => !has_graphics(Path::new("/dev/dri")),
                Self::Layers => false,
                Self::Plain => true,
            }
        }

        /// Tells the window's engine.
        pub(crate) fn apply(self, window: &WebviewWindow) -> tauri::Result<()> {
            if !self.is_plain() {
                return Ok(());
            }
            tracing::info!("drawing without graphics hardware");
            window.with_webview(|view| {
                if let Some(settings) = WebViewExt::settings(&view.inner()) {
                    settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
                }
            })
        }
    }

    /// A render node is what the engine needs to draw on hardware.
    fn has_graphics(dir: &Path) -> bool {
        std::fs::read_dir(dir)
            .is_ok_and(|nodes| nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD")))
    }
}

#[cfg(not(target_os = "linux"))]
impl Drawing {
    /// The other platforms' engines judge by themselves.
    pub(crate) fn apply(self, _: &tauri::WebviewWindow) -> tauri::Result<()> {
        Ok(())
    }
}
