//! Power: a system that is off takes no connections, until a magic packet for its
//! network card arrives.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;

/// Whether a system has power.
#[derive(Debug, Clone)]
pub(crate) struct Power(Arc<AtomicBool>);

impl Power {
    pub(crate) fn new(on: bool) -> Self {
        Self(Arc::new(AtomicBool::new(on)))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(crate) fn set(&self, on: bool) {
        self.0.store(on, Ordering::Release);
    }
}

/// The network card of a system: it listens also while there is no power.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) mac: String,
    pub(crate) address: SocketAddr,
    listening: tokio::task::JoinHandle<()>,
}

impl Card {
    /// The card of the system of this number, which gets power with the first packet for it.
    pub(crate) async fn plug(number: usize, power: Power) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        // Of the range that nobody makes cards for.
        let mac = [0x02, 0x53, 0x42, 0x58, (number >> 8) as u8, number as u8];
        let listening = tokio::spawn(async move {
            let mut packet = [0; 1024];
            loop {
                if let Ok((length, _)) = socket.recv_from(&mut packet).await
                    && is_for(&packet[..length], mac)
                {
                    power.set(true);
                }
            }
        });
        let mac = mac.map(|byte| format!("{byte:02x}")).join(":");
        Ok(Self { mac, address, listening })
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Six times 255, then sixteen times the address.
fn is_for(packet: &[u8], mac: [u8; 6]) -> bool {
    packet.strip_prefix(&[0xFF; 6]).is_some_and(|rest| rest == mac.repeat(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_packet_of_its_own_wakes() {
        let (mac, other) = ([2, 0x53, 0x42, 0x58, 0, 1], [2, 0x53, 0x42, 0x58, 0, 2]);
        let packet = |mac: [u8; 6]| [vec![0xFF; 6], mac.repeat(16)].concat();
        assert!(is_for(&packet(mac), mac));
        assert!(!is_for(&packet(other), mac));
        assert!(!is_for(&packet(mac)[1..], mac));
        assert!(!is_for(&[packet(mac), vec![0]].concat(), mac));
    }
}
