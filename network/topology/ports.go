package topology

import "strconv"

// BlockSize is how many consecutive ports one network has. No process uses the first: the supervisor listens
// on it as long as it runs, which keeps other networks on this computer out of the block.
const BlockSize = 100

// Spares is how many ports are left for tests and demonstrations.
const Spares = 10

// Ports is the table of the ports on which processes listen, on 127.0.0.1.
type Ports map[string]int

// Assign gives every process a port of the block that starts at base. The order depends on the topology alone.
func (t Topology) Assign(base int) Ports {
	ports := Ports{}
	for i, name := range t.portNames() {
		ports[name] = base + 1 + i
	}
	return ports
}

// Address is where the named process listens.
func (p Ports) Address(name string) string { return "127.0.0.1:" + strconv.Itoa(p[name]) }

// serviceNames are the names of the ports that stand in connection.json besides Fabric's and Bitcoin's own.
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
		for _, kind := range []string{
			"ca", "ca-operations", "orderer", "orderer-admin", "orderer-operations",
			"peer", "peer-chaincode", "peer-operations", "chaincode",
		} {
			names = append(names, kind+"."+p.Name)
		}
		if t.HasBitcoin(p.Name) {
			names = append(names, "btcd."+p.Name, "btcd-p2p."+p.Name)
		}
	}
	return append(names, t.serviceNames()...)
}
