package topology

import "strconv"

// BlockSize is how many consecutive ports one network owns. The first is never used by a process: the supervisor listens on it for as long
// as it lives, and so holds the block against other networks on the machine.
const BlockSize = 100

// Spares is how many ports are left for tests and demonstrations.
const Spares = 10

// Ports is the table of who listens where, on 127.0.0.1.
type Ports map[string]int

// Assign gives every process a port of the block that starts at base. The order depends on nothing but the topology.
func (t Topology) Assign(base int) Ports {
	ports := Ports{}
	for i, name := range t.portNames() {
		ports[name] = base + 1 + i
	}
	return ports
}

// Address is where the named process listens.
func (p Ports) Address(name string) string { return "127.0.0.1:" + strconv.Itoa(p[name]) }

// Services are the ports that clients may be told about besides Fabric's and Bitcoin's own.
func (t Topology) serviceNames() []string {
	var names []string
	for _, s := range t.Services {
		names = append(names, s.Key())
	}
	for i := range Spares {
		names = append(names, "spare."+strconv.Itoa(i))
	}
	return names
}

// ServicePorts is the part of the table that is public in connection.json.
func (t Topology) ServicePorts(ports Ports) Ports {
	public := Ports{}
	for _, name := range t.serviceNames() {
		public[name] = ports[name]
	}
	return public
}

func (t Topology) portNames() []string {
	var names []string
	for _, p := range t.Partners {
		for _, kind := range []string{"ca", "ca-operations", "orderer", "orderer-admin", "orderer-operations", "peer", "peer-chaincode", "peer-operations", "chaincode"} {
			names = append(names, kind+"."+p.Name)
		}
		if t.HasBitcoin(p.Name) {
			names = append(names, "btcd."+p.Name, "btcd-p2p."+p.Name)
		}
	}
	return append(names, t.serviceNames()...)
}
