//! The word that the gateway is to end, as it reaches every listener and connection.

use tokio::sync::watch;

/// Hears that the gateway is to end; a clone hears the same.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// Says that the gateway is to end; dropping it says so too.
#[derive(Debug)]
pub struct ShutdownTrigger(watch::Sender<bool>);

impl Shutdown {
    /// Makes one that hears `ShutdownTrigger`.
    pub fn new() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownTrigger(sender), Self(receiver))
    }

    /// Waits until the gateway is to end; returns at once from then on.
    pub async fn requested(&mut self) {
        // An error means that nobody is left who could say it.
        let _ = self.0.wait_for(|requested| *requested).await;
    }

    /// Whether the gateway is to end.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

impl ShutdownTrigger {
    /// Says it.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}
